import { Fault, type FaultCode } from "@atalaya/wire";
import type { Command } from "./command.ts";
import { commands } from "./commands.ts";
import { printable } from "./print.ts";

function overview(): string {
  const lines = commands.map((command) => `  ${command.name.padEnd(12)} ${command.summary}`);
  return `Atalaya: open threat protection for Kubernetes

Usage: atalaya COMMAND [options]        atalaya COMMAND --help for options and examples

${lines.join("\n")}

Examples:
  atalaya up
  atalaya simulate --local all
  atalaya alerts --follow`;
}

/** Of a failure that a script has to tell from others; 3 is what `replay` says of input that it could not read. */
const exitStatusOf: Readonly<Partial<Record<FaultCode, number>>> = { USAGE: 2, CHANGED_SINCE: 4 };

/** Runs one command line; gives the exit status: 0 done, else by `exitStatusOf`. */
async function main(args: string[]): Promise<number> {
  const [name, ...rest] = args;
  if (name === undefined || name === "--help" || name === "-h" || name === "help") {
    process.stdout.write(`${overview()}\n`);
    return name === undefined ? 2 : 0;
  }
  const command: Command | undefined = commands.find((one) => one.name === name);
  if (command === undefined) throw new Fault("USAGE", `There is no command "${name}". See: atalaya --help`);
  if (command.help !== undefined && rest.some((arg) => arg === "--help" || arg === "-h")) {
    process.stdout.write(`${command.help}\n`);
    return 0;
  }
  return await command.run(rest);
}

try {
  process.exitCode = await main(process.argv.slice(2));
  process.exit();
} catch (error) {
  if (!(error instanceof Fault)) throw error;
  process.stderr.write(`atalaya: ${error.message.split("\n").map(printable).join("\n")}\n`);
  process.exit(exitStatusOf[error.code] ?? 1);
}
