import {
  type Container,
  execInContainer,
  newContainerId,
  openRunFolder,
  prepareVictimRoot,
  type RunFolder,
  removeAbandonedRuns,
  removeRun,
  runcRuntime,
  startContainer,
} from "@atalaya/simulator";

export const attackRule = "Sensitive File Access";

/**
 * Attacks from within a real container, one after another: each reads another folder's .git-credentials, and alerts
 * fold by container and file, so that every attack has an alert of its own.
 */
export class Attacker {
  readonly container: Container;
  readonly #folder: RunFolder;
  readonly done: number[] = [];
  #next = 0;
  #timer: NodeJS.Timeout | undefined;
  #running: Promise<void> = Promise.resolve();
  readonly failures: string[] = [];

  private constructor(container: Container, folder: RunFolder) {
    this.container = container;
    this.#folder = folder;
  }

  static async open(): Promise<Attacker> {
    await removeAbandonedRuns();
    const root = await prepareVictimRoot();
    const folder = await openRunFolder();
    try {
      const runtime = runcRuntime(folder);
      const args = ["/bin/sleep", "86400"];
      const container = await startContainer({ runtime, folder, root: root.path, id: newContainerId(), args });
      return new Attacker(container, folder);
    } catch (error) {
      await removeRun(folder);
      throw error;
    }
  }

  /** One attack now and every so often. */
  start(everyMs: number): void {
    const strike = () => {
      this.#running = this.#running.then(() => this.#strike());
    };
    strike();
    this.#timer = setInterval(strike, everyMs);
  }

  async pause(): Promise<void> {
    clearInterval(this.#timer);
    await this.#running;
  }

  async close(): Promise<void> {
    await this.pause();
    await removeRun(this.#folder);
  }

  async #strike(): Promise<void> {
    const number = this.#next++;
    const { status, stderr } = await execInContainer(this.container, ["cat", attackedFile(number)], {
      timeoutMs: 20_000,
    });
    // There is no such file: cat says so, and the attempt counts.
    if (status === 1) this.done.push(number);
    else this.failures.push(`attack ${number} ended with ${status}: ${stderr.trim()}`);
  }
}

export function attackedFile(number: number): string {
  return `/srv/attack-${number}/.git-credentials`;
}

/** Which attack an alert's text is about. */
export function attackOf(text: string): number | undefined {
  const match = /\/srv\/attack-(\d+)\/\.git-credentials/.exec(text);
  return match === null ? undefined : Number(match[1]);
}
