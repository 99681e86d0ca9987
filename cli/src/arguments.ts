import { type ParseArgsConfig, parseArgs } from "node:util";
import { Fault } from "@atalaya/wire";

type Options = NonNullable<ParseArgsConfig["options"]>;

/** How many are wanted: a whole number, all with 0. Anything else is a Fault USAGE. */
export function readLimit(command: string, text: string): number {
  const wanted = text.trim() === "" ? Number.NaN : Number(text);
  if (!Number.isSafeInteger(wanted) || wanted < 0)
    throw new Fault("USAGE", `--limit takes a whole number. See: atalaya ${command} --help`);
  return wanted === 0 ? Number.POSITIVE_INFINITY : wanted;
}

/** Reads a command's arguments; what it does not know is a Fault USAGE that names the option and points to --help. */
export function readArguments<T extends Options>(command: string, args: string[], options: T) {
  try {
    return parseArgs({ args, options, allowPositionals: true, strict: true });
  } catch (error) {
    const reason = error instanceof Error ? error.message.replace(/\. To specify.*/s, "") : "unusable arguments";
    throw new Fault("USAGE", `${reason}. See: atalaya ${command} --help`, {}, error);
  }
}
