import { Fault, listedTokenSchema } from "@atalaya/wire";
import { connectHub } from "@atalaya/wire/client";
import * as z from "zod";
import { checkUse, readArguments, type Uses } from "../arguments.ts";
import type { Command } from "../command.ts";
import { timeText } from "../duration.ts";
import { connectionOptions } from "../hub-connection.ts";
import { printable, printLine } from "../print.ts";

const help = `Usage: atalaya tokens [list] [--json]
       atalaya tokens revoke ID

The tokens by which command lines use the hub (made by atalaya login). An admin sees everybody's, others their own.

  list    every token that is still good; never its secret
  revoke  makes one worthless at once

  --json      one a line, as JSON
  --data DIR  the hub of this data folder

Examples:
  atalaya tokens
  atalaya tokens revoke 0a1b2c3d4e5f6071`;

const options = { ...connectionOptions, json: { type: "boolean", default: false } } as const;
const uses: Uses = { list: [0, "json"], revoke: [1, "json"] };

export const tokens: Command = { name: "tokens", summary: "list and revoke tokens of command lines", help, run };

async function run(args: string[]): Promise<number> {
  const read = readArguments("tokens", args, options);
  const { values, positionals } = read;
  const [action = "list", id] = positionals;
  checkUse("tokens", action, read, uses);
  const hub = connectHub(values.data);
  if (action === "list") {
    const listed = await hub.get("/api/v1/tokens", z.object({ tokens: z.array(listedTokenSchema) }));
    for (const one of listed.tokens) {
      const line = `${one.token_id}  ${printable(one.user)}, ${one.role}  until ${timeText(one.expires_us)}  ${printable(one.name)}`;
      printLine(values.json ? JSON.stringify(one) : line);
    }
    return 0;
  }
  if (action !== "revoke" || id === undefined)
    throw new Fault("USAGE", "tokens takes list, or revoke ID. See: atalaya tokens --help");
  await hub.delete(`/api/v1/tokens/${encodeURIComponent(id)}`);
  printLine(`revoked ${printable(id)}`);
  return 0;
}
