import { type EnrolledNode, enrolledNodeSchema, Fault } from "@atalaya/wire";
import { connectHub } from "@atalaya/wire/client";
import * as z from "zod";
import { checkUse, readArguments, type Uses } from "../arguments.ts";
import type { Command } from "../command.ts";
import { timeText } from "../duration.ts";
import { connectionOptions } from "../hub-connection.ts";
import { printable, printLine } from "../print.ts";

const help = `Usage: atalaya nodes [list] [--json]
       atalaya nodes revoke NODE [--cluster NAME]

The nodes that may send to the hub, and how each proved itself.

  list    every node that was enrolled
  revoke  takes nothing more from a node, named by its name or its id; a new token lets it in again

  --cluster NAME  which cluster's node, where several have one of that name
  --json          one node a line, as JSON
  --data DIR      the hub of this data folder

Examples:
  atalaya nodes
  atalaya nodes revoke node-7 --cluster shop-eu`;

const options = {
  ...connectionOptions,
  cluster: { type: "string" },
  json: { type: "boolean", default: false },
} as const;
const listSchema = z.object({ nodes: z.array(enrolledNodeSchema) });
const uses: Uses = { list: [0, "json"], revoke: [1, "cluster", "json"] };

export const nodes: Command = { name: "nodes", summary: "list and revoke nodes", help, run };

async function run(args: string[]): Promise<number> {
  const read = readArguments("nodes", args, options);
  const { values, positionals } = read;
  const [action = "list", name] = positionals;
  checkUse("nodes", action, read, uses);
  const hub = connectHub(values.data);
  const { nodes: all } = await hub.get("/api/v1/nodes", listSchema);
  if (action === "list") {
    for (const one of all) printLine(values.json ? JSON.stringify(one) : nodeLine(one));
    return 0;
  }
  if (action !== "revoke" || name === undefined)
    throw new Fault("USAGE", "nodes takes list, or revoke NODE. See: atalaya nodes --help");
  const one = nodeNamed(all, name, values.cluster);
  await hub.post(`/api/v1/nodes/${encodeURIComponent(one.node_id)}/revoke`, {}, z.unknown());
  printLine(`revoked ${printable(one.node)} (${printable(one.cluster)})`);
  return 0;
}

function nodeNamed(all: readonly EnrolledNode[], name: string, cluster: string | undefined): EnrolledNode {
  const named = all.filter((one) => one.node_id === name || one.node === name);
  const found = cluster === undefined ? named : named.filter((one) => one.cluster === cluster);
  const [one, another] = found;
  if (one === undefined) throw new Fault("NOT_FOUND", `There is no node ${printable(name)}. See: atalaya nodes`);
  if (another === undefined) return one;
  const clusters = found.map((each) => printable(each.cluster)).join(", ");
  throw new Fault("USAGE", `Several clusters have a node ${printable(name)}: say which with --cluster (${clusters})`);
}

function nodeLine(one: EnrolledNode): string {
  const state =
    one.revoked_us === null
      ? `certificate until ${timeText(one.expires_us)}`
      : `revoked ${timeText(one.revoked_us)} by ${printable(one.revoked_by ?? "")}`;
  const audit = one.may_audit ? ", with its audit log" : "";
  return `${printable(one.node)} (${printable(one.cluster)})  by ${one.proof.replace("_", " ")}${audit}  ${state}  ${one.node_id}`;
}
