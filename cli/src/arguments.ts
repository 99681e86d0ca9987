import { type ParseArgsConfig, parseArgs } from "node:util";
import { Fault } from "@atalaya/wire";
import { givenOptions, refuseUnused } from "@atalaya/wire/client";
import { printable } from "./print.ts";

type Options = NonNullable<ParseArgsConfig["options"]>;

/** How many are wanted: a whole number, all with 0. Anything else is a Fault USAGE. */
export function readLimit(command: string, text: string): number {
  const wanted = text.trim() === "" ? Number.NaN : Number(text);
  if (!Number.isSafeInteger(wanted) || wanted < 0)
    throw new Fault("USAGE", `--limit takes a whole number. See: atalaya ${command} --help`);
  return wanted === 0 ? Number.POSITIVE_INFINITY : wanted;
}

/**
 * Reads a command's arguments; what it does not know is a Fault USAGE that names the option and points to --help. `given`
 * are the names of the options that stand there.
 */
export function readArguments<T extends Options>(command: string, args: string[], options: T) {
  try {
    const read = parseArgs({ args, options, allowPositionals: true, strict: true, tokens: true });
    return { values: read.values, positionals: read.positionals, given: givenOptions(read.tokens) };
  } catch (error) {
    const reason = error instanceof Error ? error.message.replace(/\. To specify.*/s, "") : "unusable arguments";
    throw new Fault("USAGE", `${reason}. See: atalaya ${command} --help`, {}, error);
  }
}

/**
 * What a command can be asked for: by its first word, how many words may follow that, and what options it makes something of.
 * What takes something away lets `json` pass, too, and says the same: who adds it everywhere must not find that nothing was
 * revoked.
 */
export type Uses = Readonly<Record<string, readonly [words: number, ...options: string[]]>>;

/**
 * Options and words that this use of a command makes nothing of are a Fault USAGE that names them. `action` is the command's
 * first word, or what it stands for where there is none; one that `uses` does not know is left to the command.
 */
export function checkUse(
  command: string,
  action: string | undefined,
  { positionals, given }: { positionals: readonly string[]; given: readonly string[] },
  uses: Uses,
): void {
  if (action === undefined || !Object.hasOwn(uses, action)) return;
  const [words, ...takes] = uses[action] ?? [0];
  refuseUnused(command, `${command} ${action}`, given, "data", ...takes);
  const surplus = positionals.slice(1 + words).map(printable);
  if (surplus.length === 0) return;
  throw new Fault(
    "USAGE",
    `${command} ${action} makes nothing of ${surplus.join(", ")}. See: atalaya ${command} --help`,
  );
}

/** As `readArguments`, of a command that takes options alone. */
export function readOptions<T extends Options>(command: string, args: string[], options: T) {
  const read = readArguments(command, args, options);
  if (read.positionals.length === 0) return read;
  const surplus = read.positionals.map(printable).join(", ");
  throw new Fault("USAGE", `${command} makes nothing of ${surplus}. See: atalaya ${command} --help`);
}
