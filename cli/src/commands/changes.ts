import { type ApiChange, apiChangePageSchema } from "@atalaya/wire";
import { connectHub } from "@atalaya/wire/client";
import { readLimit, readOptions } from "../arguments.ts";
import type { Command } from "../command.ts";
import { timeText } from "../duration.ts";
import { connectionOptions } from "../hub-connection.ts";
import { printable, printLine } from "../print.ts";

const help = `Usage: atalaya changes [--limit N] [--json]

Who changed what through the hub's API, newest first, the refused ones too.

  --limit N   how many (default 50; all with 0)
  --json      one a line, as JSON
  --data DIR  the hub of this data folder

Examples:
  atalaya changes
  atalaya changes --limit 0 --json`;

const options = {
  ...connectionOptions,
  limit: { type: "string", default: "50" },
  json: { type: "boolean", default: false },
} as const;

export const changes: Command = { name: "changes", summary: "who changed what", help, run };

async function run(args: string[]): Promise<number> {
  const { values } = readOptions("changes", args, options);
  let left = readLimit("changes", values.limit);
  const hub = connectHub(values.data);
  let after: string | null = null;
  do {
    const query: Record<string, string> = { limit: String(Math.min(left, 200)), ...(after === null ? {} : { after }) };
    const page = await hub.get(`/api/v1/changes?${new URLSearchParams(query)}`, apiChangePageSchema);
    for (const one of page.changes) printLine(values.json ? JSON.stringify(one) : changeLine(one));
    left -= page.changes.length;
    after = page.next;
  } while (after !== null && left > 0);
  return 0;
}

function changeLine(one: ApiChange): string {
  const who = one.user === "" ? "nobody" : `${printable(one.user)} (${printable(one.by)})`;
  const what = `${one.method} ${one.route}${one.object === "" ? "" : `  ${printable(one.object)}`}`;
  return `${timeText(one.time_us)}  ${one.status}  ${who} from ${printable(one.address)}  ${what}`;
}
