import { alertSchema } from "@atalaya/wire";
import { connectHub } from "@atalaya/wire/client";
import { readOptions } from "../arguments.ts";
import type { Command } from "../command.ts";
import { connectionOptions } from "../hub-connection.ts";
import { alertLine, language, printLine } from "../print.ts";

const help = `Usage: atalaya test-alert [--json] [--data DIR]

Raises a test alert: it goes the whole way to the page and to the notification, and says that it is no threat.

Example:
  atalaya test-alert`;

export const testAlert: Command = { name: "test-alert", summary: "raise a test alert", help, run };

async function run(args: string[]): Promise<number> {
  const { values } = readOptions("test-alert", args, {
    ...connectionOptions,
    json: { type: "boolean", default: false },
  });
  const alert = await connectHub(values.data).post("/api/v1/test-alert", {}, alertSchema);
  printLine(values.json ? JSON.stringify(alert) : alertLine(alert, language()));
  return 0;
}
