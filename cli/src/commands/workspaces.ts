import { Fault, madeWorkspaceSchema, workspaceSchema } from "@atalaya/wire";
import { connectHub } from "@atalaya/wire/client";
import * as z from "zod";
import { checkUse, readArguments, type Uses } from "../arguments.ts";
import type { Command } from "../command.ts";
import { connectionOptions } from "../hub-connection.ts";
import { printable, printLine } from "../print.ts";

const help = `Usage: atalaya workspaces [list] [--json]
       atalaya workspaces create NAME

One hub serves several workspaces, which never see each other's data. For admins of the workspace default, whose
owner runs the hub.

  list    every workspace and how many accounts it has
  create  makes one, with an account admin whose password is printed once

  --json      one a line, as JSON
  --data DIR  the hub of this data folder

Examples:
  atalaya workspaces create shop
  atalaya login https://hub.example.com:8443 --ca ./ca.pem --workspace shop`;

const options = { ...connectionOptions, json: { type: "boolean", default: false } } as const;
const uses: Uses = { list: [0, "json"], create: [1, "json"] };

export const workspaces: Command = { name: "workspaces", summary: "serve several owners apart", help, run };

async function run(args: string[]): Promise<number> {
  const read = readArguments("workspaces", args, options);
  const { values, positionals } = read;
  const [action = "list", workspace] = positionals;
  checkUse("workspaces", action, read, uses);
  const hub = connectHub(values.data);
  if (action === "list") {
    const listed = await hub.get("/api/v1/workspaces", z.object({ workspaces: z.array(workspaceSchema) }));
    for (const one of listed.workspaces)
      printLine(values.json ? JSON.stringify(one) : `${printable(one.workspace)}  ${one.accounts} accounts`);
    return 0;
  }
  if (action !== "create" || workspace === undefined)
    throw new Fault("USAGE", "workspaces takes list, or create NAME. See: atalaya workspaces --help");
  const made = await hub.post("/api/v1/workspaces", { workspace }, madeWorkspaceSchema);
  const line = `workspace ${made.workspace}, account ${made.user}, password ${made.password}   (shown this once)`;
  printLine(values.json ? JSON.stringify(made) : line);
  return 0;
}
