import {
  ledgerPageSchema,
  type NodeLedger,
  type Sensor,
  type SensorReport,
  type Status,
  sensorSchema,
  statusSchema,
} from "@atalaya/wire";
import { connectHub, type HubClient, refuseUnused } from "@atalaya/wire/client";
import * as z from "zod";
import { readOptions } from "../arguments.ts";
import type { Command } from "../command.ts";
import { connectionOptions } from "../hub-connection.ts";
import { isWrong, ledgerLines } from "../ledger-table.ts";
import { printable, printLine } from "../print.ts";

const help = `Usage: atalaya status [--ledger [--node NAME] [--cluster NAME]] [--json] [--data DIR]

Says how the hub and its sensors are. Exit status 0 when all is well, 1 when a sensor is silent or a rule file broken.

  --ledger         what became of every event: by node, hop and class, what came in, went out, was left out on purpose,
                   was lost (and why), and is on its way. Exit status 1 when a node's account does not balance, or
                   something was lost within the last minute. Reports come every few seconds: a difference that is
                   not more than what passed since is called moving, and no reason for status 1.
  --node NAME      only this node
  --cluster NAME   only this cluster

Examples:
  atalaya status
  atalaya status --ledger --node node-7
  atalaya status --ledger --json`;

export const status: Command = { name: "status", summary: "how the hub and its sensors are", help, run };

async function run(args: string[]): Promise<number> {
  const { values, given } = readOptions("status", args, {
    ...connectionOptions,
    json: { type: "boolean", default: false },
    ledger: { type: "boolean", default: false },
    node: { type: "string" },
    cluster: { type: "string" },
  });
  if (!values.ledger) refuseUnused("status", "status without --ledger", given, "data", "json");
  const hub = connectHub(values.data);
  if (values.ledger) return await printLedger(hub, values);
  const state = await hub.get("/api/v1/status", statusSchema);
  const { sensors } = await hub.get("/api/v1/sensors", z.object({ sensors: z.array(sensorSchema) }));
  if (values.json) printLine(JSON.stringify({ ...state, sensors }));
  else for (const line of [...statusLines(state), ...sensors.map(sensorLine)]) printLine(line);
  return state.rule_problems.length === 0 && sensors.every((sensor) => sensor.state === "live") ? 0 : 1;
}

async function printLedger(
  hub: HubClient,
  { json, node, cluster }: { json: boolean; node?: string | undefined; cluster?: string | undefined },
): Promise<number> {
  const ledgers: NodeLedger[] = [];
  let after: string | null = null;
  do {
    const query = new URLSearchParams({ limit: "200" });
    for (const [name, value] of Object.entries({ node, cluster, after })) {
      if (value !== undefined && value !== null) query.set(name, value);
    }
    const page = await hub.get(`/api/v1/ledger?${query}`, ledgerPageSchema);
    ledgers.push(...page.nodes);
    after = page.next;
  } while (after !== null);
  if (json) printLine(JSON.stringify({ nodes: ledgers }));
  else for (const line of ledgers.flatMap(ledgerLines)) printLine(line);
  if (!json && ledgers.length === 0) printLine("no node has sent anything yet");
  return ledgers.some(isWrong) ? 1 : 0;
}

function statusLines(state: Status): string[] {
  const lines = [
    `hub       version ${state.version}, up ${duration(Date.now() * 1000 - state.started_us)}`,
    `events    ${state.events_per_second.toFixed(0)}/s, ${state.events_total} in all, ${state.lost_total} lost, ${(state.behind_us / 1e6).toFixed(2)} s behind`,
    `alerts    ${state.alerts_open} open`,
    `rules     ${state.rules_enabled} of ${state.rules_total} on`,
    `sensors   ${state.sensors_live} of ${state.sensors_total} live`,
  ];
  for (const one of state.rule_problems)
    lines.push(`broken    ${printable(one.file)}:${one.line}:${one.column}: ${printable(one.reason)}`);
  if (state.store_bytes !== undefined) lines.push(storeLine(state, state.store_bytes));
  if (state.sensor_missing !== null) lines.push(`missing   ${printable(state.sensor_missing)}`);
  return lines;
}

function storeLine({ writable, retention }: Status, bytes: number): string {
  const full = writable === false ? ", FULL: nothing new is taken until there is room" : "";
  const kept =
    retention === undefined
      ? ""
      : `, kept for ${retention.keep_days} days and up to ${(retention.keep_bytes / 2 ** 30).toFixed(1)} GiB`;
  return `store     ${(bytes / 2 ** 20).toFixed(0)} MiB${kept}${full}`;
}

function sensorLine(sensor: Sensor): string {
  const lost = sensor.lost.filter((one) => one.value > 0).map((one) => `${one.class} ${one.reason} ${one.value}`);
  const loss = lost.length === 0 ? "nothing lost" : `lost: ${lost.join(", ")}`;
  const log = sensor.report?.audit_log?.state;
  const audit = log === undefined ? "" : log === "read" ? ", reads the audit log" : `, audit log NOT read (${log})`;
  return `  ${printable(sensor.node)} (${printable(sensor.cluster)})  ${sensor.state}, ${sensor.events_per_second.toFixed(0)} events/s, ${printable(loss + audit + blockingText(sensor.report?.blocking))}`;
}

function blockingText(blocking: SensorReport["blocking"]): string {
  if (blocking === undefined) return "";
  const { state, why, containers, trials, withheld } = blocking;
  const done = state === "on" ? `blocks in ${containers} containers, on trial in ${trials}` : `blocking ${state}`;
  const left = withheld.map(({ reason, value }) => `NOT in ${value} (${reason})`);
  return `, ${[why === undefined ? done : `${done}: ${why}`, ...left].join(", ")}`;
}

function duration(us: number): string {
  const seconds = Math.max(0, Math.round(us / 1e6));
  if (seconds < 120) return `${seconds} s`;
  return seconds < 7200 ? `${Math.round(seconds / 60)} min` : `${Math.round(seconds / 3600)} h`;
}
