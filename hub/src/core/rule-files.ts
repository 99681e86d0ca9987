import { type FSWatcher, watch } from "node:fs";
import { readdir, readFile, stat } from "node:fs/promises";
import { basename, join, resolve } from "node:path";
import type { RuleFile, RuleProblem } from "@atalaya/rules";
import { pipelineLimits } from "./limits.ts";

type Found = { path: string; signature: string };
export type ReadRuleFiles = { files: RuleFile[]; problems: RuleProblem[] };

/** The user's rule files and folders: read at start and whenever one of them changes. */
export class RuleFiles {
  readonly #paths: readonly string[];
  readonly #changed: (read: ReadRuleFiles) => void;
  readonly #watchers: FSWatcher[] = [];
  #signature = "";
  #poll: NodeJS.Timeout | undefined;
  #soon: NodeJS.Timeout | undefined;
  #looking: Promise<void> = Promise.resolve();

  constructor(paths: readonly string[], changed: (read: ReadRuleFiles) => void) {
    this.#paths = paths.map((path) => resolve(path));
    this.#changed = changed;
  }

  /** Reads them for the first time and starts to watch. */
  async start(): Promise<ReadRuleFiles> {
    const { found, problems } = await this.#find();
    this.#signature = signatureOf(found, problems);
    if (this.#paths.length > 0) {
      for (const path of this.#paths) this.#watch(path);
      this.#poll = setInterval(() => this.#look(), pipelineLimits.ruleFilesPollMs).unref();
    }
    return readAll(found, problems);
  }

  #watch(path: string): void {
    try {
      const watcher = watch(path, { persistent: false, recursive: true }, () => this.#lookSoon());
      watcher.on("error", () => watcher.close());
      this.#watchers.push(watcher);
    } catch {
      // What is not there, or cannot be watched, is polled.
    }
  }

  #lookSoon(): void {
    clearTimeout(this.#soon);
    this.#soon = setTimeout(() => this.#look(), pipelineLimits.ruleFilesSettleMs).unref();
  }

  #look(): void {
    this.#looking = this.#looking.then(async () => {
      const { found, problems } = await this.#find();
      const signature = signatureOf(found, problems);
      if (signature === this.#signature) return;
      this.#signature = signature;
      this.#changed(await readAll(found, problems));
    });
  }

  async #find(): Promise<{ found: Found[]; problems: RuleProblem[] }> {
    const found: Found[] = [];
    const problems: RuleProblem[] = [];
    for (const path of this.#paths) {
      try {
        for (const one of await filesUnder(path)) {
          const { mtimeMs, size, ino } = await stat(one);
          if (size > pipelineLimits.ruleFileBytesMax)
            problems.push(problemOf(one, `the file is larger than ${pipelineLimits.ruleFileBytesMax} bytes`));
          else if (found.length >= pipelineLimits.ruleFilesMax)
            problems.push(problemOf(one, `more than ${pipelineLimits.ruleFilesMax} rule files`));
          else found.push({ path: one, signature: `${one} ${mtimeMs} ${size} ${ino}` });
        }
      } catch (error) {
        problems.push(problemOf(path, reasonOf(error)));
      }
    }
    return { found, problems };
  }

  async close(): Promise<void> {
    clearInterval(this.#poll);
    clearTimeout(this.#soon);
    for (const watcher of this.#watchers) watcher.close();
    await this.#looking;
  }
}

async function filesUnder(path: string): Promise<string[]> {
  if (!(await stat(path)).isDirectory()) return [path];
  const names = await readdir(path, { recursive: true, encoding: "utf8" });
  return names
    .filter((name) => /\.ya?ml$/.test(name))
    .sort()
    .map((name) => join(path, name));
}

async function readAll(found: readonly Found[], problems: readonly RuleProblem[]): Promise<ReadRuleFiles> {
  const read: ReadRuleFiles = { files: [], problems: [...problems] };
  for (const { path } of found) {
    try {
      read.files.push({ path, text: await readFile(path, "utf8"), pack: basename(path) });
    } catch (error) {
      read.problems.push(problemOf(path, reasonOf(error)));
    }
  }
  return read;
}

function signatureOf(found: readonly Found[], problems: readonly RuleProblem[]): string {
  return JSON.stringify([found.map((one) => one.signature), problems]);
}

function problemOf(file: string, reason: string): RuleProblem {
  return { file, line: 1, column: 1, reason };
}

function reasonOf(error: unknown): string {
  const code = (error as NodeJS.ErrnoException).code;
  if (code === "ENOENT") return "there is no such file or folder";
  return `the file cannot be read (${code ?? "unknown"})`;
}
