// The collector as a process of its own, started and ended as whoever starts it does.
import { type ChildProcess, execFileSync, fork, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { PartMessage } from "@atalaya/wire";
import { objectFolder, root } from "./kernel-watch.ts";

const main = join(root, "collector", "src", "main.ts");

export class CollectorProcess {
  readonly #child: ChildProcess;
  readonly ready: Promise<PartMessage>;

  constructor(socket: string, args: string[], objects = objectFolder) {
    const given = ["--socket", socket, "--node", "n", "--cluster", "c", "--objects", objects, ...args];
    this.#child = fork(main, given, {
      execArgv: ["--disable-warning=ExperimentalWarning"],
      stdio: ["ignore", "inherit", "inherit", "ipc"],
    });
    this.ready = once(this.#child, "message").then(([message]) => message as PartMessage);
  }

  get pid(): number {
    return this.#child.pid ?? 0;
  }

  /** Until somebody else has ended it: the signal. */
  async ended(): Promise<string | null> {
    if (this.#child.signalCode === null && this.#child.exitCode === null) await once(this.#child, "exit");
    return this.#child.signalCode;
  }

  /** Gives the exit status, or the signal. */
  async end(signal: NodeJS.Signals): Promise<number | string> {
    if (this.#child.exitCode !== null) return this.#child.exitCode;
    if (this.#child.signalCode !== null) return this.#child.signalCode;
    const ended = once(this.#child, "exit") as Promise<[number | null, string | null]>;
    this.#child.kill(signal);
    const [code, name] = await ended;
    return code ?? name ?? "";
  }
}

/** A folder with a bpffs of its own, for pins that go with the test. */
export class PinPlace {
  readonly folder = mkdtempSync(join(tmpdir(), "atalaya-pinned-"));
  readonly bpffs = join(this.folder, "bpffs");
  readonly pin = join(this.bpffs, "sensor");

  /** What is pinned: the names of the sets. */
  get sets(): string[] {
    try {
      return readdirSync(this.pin);
    } catch {
      return [];
    }
  }

  remove(): void {
    try {
      // Lazy: with the last reference its pins go, too.
      execFileSync("umount", ["-l", this.bpffs], { stdio: "ignore" });
    } catch {
      // Nothing was pinned yet.
    }
    rmSync(this.folder, { recursive: true, force: true });
  }
}

/** Some 300 programs a second, each with the mark and its number, until the file goes; gives how many. */
export function startStream(mark: string, runFile: string): Promise<number> {
  writeFileSync(runFile, "");
  // `read` waits without a process of its own.
  const loop = `exec 9<> <(:); i=0; while [ -e ${runFile} ]; do i=$((i+1)); /bin/true ${mark} $i; read -t 0.002 -u 9; done; echo $i`;
  const child = spawn("bash", ["-c", loop], { stdio: ["ignore", "pipe", "inherit"] });
  return once(child.stdout, "data").then(([text]) => Number(String(text)));
}
