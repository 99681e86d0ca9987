import assert from "node:assert/strict";
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { objectFolder, root } from "./kernel-watch.ts";

export type Line = Record<string, unknown>;
const main = join(root, "collector", "src", "main.ts");

/** The collector as a process of its own that prints its events. */
export class Printing {
  readonly lines: Line[] = [];
  readonly child: ChildProcess;
  static readonly all: Printing[] = [];
  errors = "";
  #wake: () => void = () => {};

  constructor(...args: string[]) {
    const given = ["--disable-warning=ExperimentalWarning", main, "--stdout", "--objects", objectFolder, ...args];
    this.child = spawn(process.execPath, given, { stdio: ["ignore", "pipe", "pipe"] });
    Printing.all.push(this);
    const { stdout, stderr } = this.child;
    assert.ok(stdout !== null && stderr !== null);
    createInterface(stdout).on("line", (line) => {
      this.lines.push(JSON.parse(line) as Line);
      this.#wake();
    });
    stderr.on("data", (bytes: Buffer) => {
      this.errors += bytes.toString();
      this.#wake();
    });
  }

  async until(condition: () => boolean): Promise<void> {
    while (!condition()) await new Promise<void>((resolve) => (this.#wake = resolve));
  }

  async ready(): Promise<void> {
    await this.until(() => this.errors.includes("programs, kernel"));
  }

  find(container: string, activity: string, match: (line: Line) => boolean = () => true): Line | undefined {
    return this.lines.find((one) => one["container_id"] === container && one["activity"] === activity && match(one));
  }

  async end(): Promise<number> {
    const start = performance.now();
    const ended = once(this.child, "exit");
    this.child.kill("SIGTERM");
    const [status] = await ended;
    assert.equal(status, 0, this.errors);
    return performance.now() - start;
  }
}
