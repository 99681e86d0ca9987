import { mkdtempSync, readFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { execsInStore } from "../soak/account.ts";
import { Load, type LoadDone } from "../soak/load.ts";
import { type PartName, SoakStack, type SoakStackOptions } from "../soak/soak-stack.ts";

const lookAgainMs = 250;

/** The command line of a part from the sources in `tree`. */
export function from(tree: string, part: PartName, args: readonly string[]): readonly string[] {
  return [process.execPath, "--disable-warning=ExperimentalWarning", join(tree, part, "src", "main.ts"), ...args];
}

/** Stacks on one folder, one after another; all of it goes at the end. */
export class Versions {
  readonly base = mkdtempSync(join(tmpdir(), "atalaya-versions-"));
  readonly #stacks: SoakStack[] = [];
  readonly #unasked: string[] = [];

  stack(options: Omit<SoakStackOptions, "base" | "onUnasked">): SoakStack {
    const onUnasked = (part: PartName, how: string) => this.#unasked.push(`${part}: ${how}`);
    const stack = new SoakStack({ ...options, base: this.base, onUnasked });
    this.#stacks.push(stack);
    return stack;
  }

  /** Parts that ended although nobody told them to. */
  get unasked(): readonly string[] {
    return this.#unasked;
  }

  async close(): Promise<void> {
    for (const stack of this.#stacks) await stack.stop();
    this.#stacks[0]?.remove();
  }
}

/** Some seconds of programs that start, under a tag. */
export async function work(stack: SoakStack, tag: string, seconds: number): Promise<LoadDone> {
  const load = Load.ofRates({ execsPerSecond: 50, opensPerSecond: 50 }, tag, stack.folders.run);
  await sleep(seconds * 1_000);
  return load.stop();
}

/** How many of the tag's programs are in the hub's table once `wanted` are, or after so long. */
export async function arrived(stack: SoakStack, tag: string, wanted: number, seconds: number): Promise<number> {
  const until = performance.now() + seconds * 1_000;
  for (;;) {
    const found = execsInStore(stack.folders.hub, tag).size;
    if (found >= wanted || performance.now() > until) return found;
    await sleep(lookAgainMs);
  }
}

/** Waits until a part's log has such a line; false when it does not come. */
export async function logged(stack: SoakStack, part: PartName, line: RegExp, seconds: number): Promise<boolean> {
  const until = performance.now() + seconds * 1_000;
  for (;;) {
    if (line.test(readFileSync(join(stack.folders.logs, `${part}.log`), "utf8"))) return true;
    if (performance.now() > until) return false;
    await sleep(lookAgainMs);
  }
}
