import { type ParseArgsConfig, parseArgs } from "node:util";
import { Fault } from "@atalaya/wire";

type Options = NonNullable<ParseArgsConfig["options"]>;

/** Reads a command's arguments; what it does not know is a Fault USAGE that names the option and points to --help. */
export function readArguments<T extends Options>(command: string, args: string[], options: T) {
  try {
    return parseArgs({ args, options, allowPositionals: true, strict: true });
  } catch (error) {
    const reason = error instanceof Error ? error.message.replace(/\. To specify.*/s, "") : "unusable arguments";
    throw new Fault("USAGE", `${reason}. See: atalaya ${command} --help`, {}, error);
  }
}
