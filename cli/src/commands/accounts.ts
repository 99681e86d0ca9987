import { accountSchema, Fault, madeAccountSchema } from "@atalaya/wire";
import { connectHub } from "@atalaya/wire/client";
import * as z from "zod";
import { checkUse, readArguments, type Uses } from "../arguments.ts";
import type { Command } from "../command.ts";
import { connectionOptions } from "../hub-connection.ts";
import { printable, printLine } from "../print.ts";

const help = `Usage: atalaya accounts [list] [--json]
       atalaya accounts create USER --role viewer|analyst|admin
       atalaya accounts remove USER

Who may sign in to the workspace, and what each may do.

  list    every account and its role
  create  makes an account, or gives one another role and a new password, which is printed once; its sessions end
  remove  takes an account away, with its sessions and tokens

  --role ROLE  viewer reads; analyst also acts on alerts; admin also changes rules, nodes, accounts
  --json       one a line, as JSON
  --data DIR   the hub of this data folder

Examples:
  atalaya accounts create ana --role analyst
  atalaya accounts remove ana`;

const options = {
  ...connectionOptions,
  role: { type: "string", default: "viewer" },
  json: { type: "boolean", default: false },
} as const;
const uses: Uses = { list: [0, "json"], create: [1, "role", "json"], remove: [1, "json"] };

export const accounts: Command = { name: "accounts", summary: "who may sign in", help, run };

async function run(args: string[]): Promise<number> {
  const read = readArguments("accounts", args, options);
  const { values, positionals } = read;
  const [action = "list", user] = positionals;
  checkUse("accounts", action, read, uses);
  const hub = connectHub(values.data);
  if (action === "list") {
    const listed = await hub.get("/api/v1/accounts", z.object({ accounts: z.array(accountSchema) }));
    for (const one of listed.accounts)
      printLine(values.json ? JSON.stringify(one) : `${printable(one.user)}  ${one.role}`);
    return 0;
  }
  if (action === "create" && user !== undefined) {
    const made = await hub.post("/api/v1/accounts", { user, role: values.role }, madeAccountSchema);
    const line = `account ${printable(made.user)}, ${made.role}, password ${made.password}   (shown this once)`;
    printLine(values.json ? JSON.stringify(made) : line);
    return 0;
  }
  if (action !== "remove" || user === undefined)
    throw new Fault("USAGE", "accounts takes list, create USER or remove USER. See: atalaya accounts --help");
  await hub.delete(`/api/v1/accounts/${encodeURIComponent(user)}`);
  printLine(`removed ${printable(user)}`);
  return 0;
}
