import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { closeSync, openSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";
import type { PartMessage } from "@atalaya/wire";

const restartMs = 250;
const readyMs = 60_000;
const stopMs = 10_000;

export type PartStart = {
  name: string;
  /** The whole command: node, its flags, the part's main file, its arguments; behind what enters a namespace. */
  command: readonly string[];
  env: Readonly<Record<string, string>>;
  /** Standard output and error are appended to it. */
  logFile: string;
  /** Told of an end that nobody asked for. */
  onUnasked(how: string): void;
};

/** One part as a process of its own, as a supervisor keeps it: started, killed, started again when it ends. */
export class SupervisedPart {
  readonly name: string;
  readonly #start: PartStart;
  #child: ChildProcess | undefined;
  #ready: Promise<void> = Promise.resolve();
  #wanted = false;
  /** Milliseconds from each start to the part's word that it is ready. */
  readonly readyMs: number[] = [];

  constructor(start: PartStart) {
    this.name = start.name;
    this.#start = start;
  }

  get pid(): number | undefined {
    return this.#child?.pid;
  }

  /** Resolves when the part says that it is ready; throws when it does not within a minute. */
  async start(): Promise<void> {
    this.#wanted = true;
    this.#launch();
    await this.#ready;
  }

  /** Resolves when the part is ready, however often it has to be started until then. Throws after a minute. */
  async untilReady(): Promise<void> {
    const until = performance.now() + readyMs;
    for (;;) {
      try {
        await this.#ready;
        return;
      } catch (error) {
        if (performance.now() > until) throw error;
        await sleep(restartMs);
      }
    }
  }

  /** kill -9, and a new one as a supervisor starts it. Resolves when the new one is ready. */
  async kill(): Promise<void> {
    await this.killForGood();
    await sleep(restartMs);
    this.#wanted = true;
    this.#launch();
    await this.untilReady();
  }

  /** kill -9; no new one until `start`. Resolves when it has ended. */
  async killForGood(): Promise<void> {
    const child = this.#child;
    if (child === undefined) throw new Error(`${this.name} is not running`);
    this.#wanted = false;
    if (child.exitCode !== null || child.signalCode !== null) return;
    const ended = once(child, "exit");
    child.kill("SIGKILL");
    await ended;
  }

  /** SIGTERM, as a supervisor stops it; SIGKILL when that takes too long. Gives how it ended. */
  async stop(): Promise<string> {
    this.#wanted = false;
    const child = this.#child;
    if (child === undefined || child.exitCode !== null || child.signalCode !== null) return "had ended";
    const ended = once(child, "exit");
    child.kill("SIGTERM");
    const impatient = setTimeout(() => child.kill("SIGKILL"), stopMs);
    const [code, signal] = (await ended) as [number | null, string | null];
    clearTimeout(impatient);
    return signal ?? `status ${code}`;
  }

  #launch(): void {
    const { command, env, logFile } = this.#start;
    const [program, ...args] = command as [string, ...string[]];
    const log = openSync(logFile, "a");
    const begun = performance.now();
    const child = spawn(program, args, {
      stdio: ["ignore", log, log, "ipc"],
      env: { ...process.env, ...env },
      // Ctrl-C reaches the run alone, which stops the parts in their order.
      detached: true,
    });
    closeSync(log);
    this.#child = child;
    child.once("exit", (code, signal) => this.#ended(child, signal ?? `status ${code}`));
    this.#ready = isReady(child, this.name).then(() => {
      this.readyMs.push(performance.now() - begun);
    });
    // Whoever waits for it sees the failure; between, a supervisor tries again.
    this.#ready.catch(() => {});
  }

  #ended(child: ChildProcess, how: string): void {
    if (!this.#wanted || child !== this.#child) return;
    this.#start.onUnasked(how);
    setTimeout(() => {
      if (this.#wanted && child === this.#child) this.#launch();
    }, restartMs * 4);
  }
}

function isReady(child: ChildProcess, name: string): Promise<void> {
  return new Promise((resolve, reject) => {
    const fail = (why: string) => reject(new Error(`the ${name} ${why}`));
    const impatient = setTimeout(() => fail("was not ready in a minute"), readyMs);
    child.once("message", (message: PartMessage) => {
      clearTimeout(impatient);
      if (message.type === "failed") fail(`did not start: ${message.code}: ${message.message}`);
      else resolve();
    });
    child.once("exit", (code, signal) => {
      clearTimeout(impatient);
      fail(`ended at its start (${signal ?? `status ${code}`})`);
    });
  });
}
