// The collector as a process of its own, started and ended as whoever starts it does.
import { type ChildProcess, execFileSync, fork } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { PartMessage } from "@atalaya/wire";
import { objectFolder, root } from "./kernel-watch.ts";

const main = join(root, "collector", "src", "main.ts");

export class CollectorProcess {
  readonly #child: ChildProcess;
  readonly ready: Promise<PartMessage>;

  constructor(socket: string, args: string[]) {
    const given = ["--socket", socket, "--node", "n", "--cluster", "c", "--objects", objectFolder, ...args];
    this.#child = fork(main, given, {
      execArgv: ["--disable-warning=ExperimentalWarning"],
      stdio: ["ignore", "inherit", "inherit", "ipc"],
    });
    this.ready = once(this.#child, "message").then(([message]) => message as PartMessage);
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
