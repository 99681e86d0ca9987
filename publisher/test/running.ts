import { type ChildProcess, fork } from "node:child_process";
import { once } from "node:events";
import { mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import type { PartMessage } from "@atalaya/wire";
import type { Authority } from "./stand-in-authority.ts";

const main = fileURLToPath(new URL("../src/main.ts", import.meta.url));

/** A publisher as a process of its own, as `atalaya up` starts it; enrolled already unless told otherwise. */
export class Running {
  readonly folder = mkdtempSync(join(tmpdir(), "atalaya-publisher-"));
  socket = join(this.folder, "collector.sock");
  spool = join(this.folder, "spool");
  readonly identity = join(this.folder, "identity");
  readonly lines: string[] = [];
  child: ChildProcess | undefined;
  readonly #authority: Authority | undefined;
  #waiting: (() => void)[] = [];

  /** `spool`: where frames wait, when not beside the socket. */
  constructor(authority?: Authority, spool?: string) {
    this.#authority = authority;
    if (spool !== undefined) this.spool = spool;
  }

  async start(port: number, extra: string[] = [], preload: string[] = []): Promise<PartMessage> {
    if (this.#authority !== undefined && this.child === undefined) await this.#authority.enrol(this.identity);
    mkdirSync(this.folder, { recursive: true });
    const paths = ["--socket", this.socket, "--spool", this.spool, "--identity", this.identity];
    const args = [...paths, "--hub", `https://127.0.0.1:${port}`, "--node", "n", "--cluster", "c", ...extra];
    const execArgv = ["--disable-warning=ExperimentalWarning", ...preload];
    const child = fork(main, args, { stdio: ["ignore", "ignore", "pipe", "ipc"], execArgv });
    this.child = child;
    child.stderr?.setEncoding("utf8").on("data", (text: string) => {
      this.lines.push(...text.split("\n").filter((line) => line !== ""));
      const waiting = this.#waiting;
      this.#waiting = [];
      for (const wake of waiting) wake();
    });
    const ended = once(child, "exit").then(() => {
      throw new Error(`the publisher ended:\n${this.lines.join("\n")}`);
    });
    const [message] = (await Promise.race([once(child, "message"), ended])) as [PartMessage];
    ended.catch(() => {});
    return message;
  }

  async said(part: string): Promise<void> {
    while (!this.lines.some((line) => line.includes(part)))
      await new Promise<void>((resolve) => this.#waiting.push(resolve));
  }

  async end(signal: NodeJS.Signals = "SIGTERM"): Promise<number | null> {
    const child = this.child;
    if (child === undefined || child.exitCode !== null || child.signalCode !== null) return child?.exitCode ?? null;
    const ended = once(child, "exit");
    child.kill(signal);
    const [status] = (await ended) as [number | null];
    return status;
  }

  async remove(): Promise<void> {
    await this.end("SIGKILL");
    rmSync(this.folder, { recursive: true, force: true });
  }
}
