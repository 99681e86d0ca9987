import { spawn } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

export type Ended = { status: number | null; lines: string[]; errors: string };

/** Runs `atalaya ARGS...` as a user does, with text on standard input. */
export function atalaya(args: readonly string[], input = ""): Promise<Ended> {
  const main = join(import.meta.dirname, "../../../cli/src/main.ts");
  const child = spawn(process.execPath, ["--disable-warning=ExperimentalWarning", main, ...args]);
  let output = "";
  let errors = "";
  child.stdout.setEncoding("utf8").on("data", (text: string) => {
    output += text;
  });
  child.stderr.setEncoding("utf8").on("data", (text: string) => {
    errors += text;
  });
  // A command that ends before it has read everything breaks the pipe: that is its right.
  child.stdin.on("error", () => {});
  child.stdin.end(input);
  return new Promise((resolve, reject) => {
    child.on("error", reject);
    child.on("close", (status) => resolve({ status, lines: output.split("\n").filter((line) => line !== ""), errors }));
  });
}

/** Files by name in a folder of their own, which is removed when the test ends. */
export function filesFor(test: { after(done: () => void): void }, files: Record<string, string>): string {
  const folder = mkdtempSync(join(tmpdir(), "atalaya-replay-"));
  test.after(() => rmSync(folder, { recursive: true }));
  for (const [name, text] of Object.entries(files)) writeFileSync(join(folder, name), text);
  return folder;
}
