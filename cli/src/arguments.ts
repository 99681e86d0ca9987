import { type ParseArgsConfig, parseArgs } from "node:util";
import { Fault } from "@atalaya/wire";
import { givenOptions } from "@atalaya/wire/client";

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
