import { basename } from "node:path";
import type { Start } from "./session.ts";

// Both sides were redacted, each by its own rules, before they came here: what one of them hides may be anything.
const hidden = /\[redacted\]|<redacted>/;

/** Whether the process may have been started with that command. Unknown fits everything. */
export function mayBeCommand(
  command: readonly string[] | null,
  start: Pick<Start, "argv" | "script" | "isCut">,
): boolean {
  if (command === null || command.length === 0) return true;
  if (start.isCut) return start.argv.length === 0 || sameArgument(command[0] ?? "", start.argv[0] ?? "");
  if (sameArguments(command, start.argv)) return true;
  return start.script !== null && isScriptOf(command, start.argv, start.script);
}

function sameArguments(some: readonly string[], others: readonly string[]): boolean {
  return some.length === others.length && some.every((one, i) => sameArgument(one, others[i] ?? ""));
}

function sameArgument(one: string, other: string): boolean {
  return one === other || hidden.test(one) || hidden.test(other) || isCutTo(one, other) || isCutTo(other, one);
}

/** The store keeps the beginning of a long argument. */
function isCutTo(long: string, short: string): boolean {
  return short.endsWith("…") && long.startsWith(short.slice(0, -1));
}

/** `./run a` becomes `/bin/sh ./run a`: interpreter, perhaps its one option, the file, and the command's own arguments. */
function isScriptOf(command: readonly string[], argv: readonly string[], script: string): boolean {
  const own = command.slice(1);
  const before = argv.length - own.length;
  if (before < 2 || before > 3 || !sameArguments(own, argv.slice(before))) return false;
  return basename(command[0] ?? "") === basename(script);
}
