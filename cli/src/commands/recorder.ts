import {
  type AlertRecording,
  Fault,
  type RecordedEvent,
  type RecorderPolicy,
  recorderPolicySchema,
  recordingPageSchema,
  type Sensor,
  sensorSchema,
} from "@atalaya/wire";
import { connectHub, refuseUnused } from "@atalaya/wire/client";
import * as z from "zod";
import { readArguments } from "../arguments.ts";
import type { Command } from "../command.ts";
import { timeText } from "../duration.ts";
import { connectionOptions } from "../hub-connection.ts";
import { printable, printLine } from "../print.ts";
import { applySetting, type FileSetting, printSetting, readVersion } from "../setting-file.ts";

const help = `Usage: atalaya recorder get [--version]
       atalaya recorder apply FILE [--replaces VERSION]
       atalaya recorder status [--json]
       atalaya recorder show ALERT [--json]

The flight recorder: for the containers that a scope names, their node keeps what they did in the last ten minutes, and
sends it only when an alert asks for it. Without scopes nothing is recorded.

  get         prints the scopes in force, as apply takes them
  apply       puts the scopes of a JSON file in force, in place of those before
  status      how each node's recorder is: what it holds, and what was lost
  show        what came for an alert, oldest first, and what is missing in it
  --replaces VERSION
              in place of that version alone, which get named (default: of what is in force as the command begins);
              where somebody else put another in force since, nothing is changed, and the exit status is 4
  --version   with get: names the version, too, on standard error (there in any case where that is a terminal)
  --data DIR  the hub of this data folder

  { "scopes": [ { "name": "shop", "namespaces": ["shop-*"], "containers": ["web"] } ] }

  scope       clusters, namespaces, pods, containers, images: lists of patterns; what is left out fits everything
              labels: of the pod, a pattern for each key, e.g. { "app": "web-*" }; all have to fit

Examples:
  atalaya recorder get > recorder.json
  atalaya recorder apply recorder.json
  atalaya recorder show 019353b1d2c4e0a8`;

const options = {
  ...connectionOptions,
  json: { type: "boolean", default: false },
  replaces: { type: "string" },
  version: { type: "boolean", default: false },
} as const;

const setting: FileSetting<RecorderPolicy> = {
  command: "recorder",
  called: "recorder policy",
  path: "/api/v1/recorder-policy",
  schema: recorderPolicySchema,
};

export const recorder: Command = { name: "recorder", summary: "what some containers did before an alert", help, run };

type Hub = ReturnType<typeof connectHub>;

async function run(args: string[]): Promise<number> {
  const { values, positionals, given } = readArguments("recorder", args, options);
  const [action, of, more] = positionals;
  const isAsked = (name: string, takesWord: boolean, ...takes: string[]) => {
    if (action !== name || (of !== undefined) !== takesWord || more !== undefined) return false;
    refuseUnused("recorder", `recorder ${name}`, given, "data", ...takes);
    return true;
  };
  const hub = () => connectHub(values.data);
  if (isAsked("get", false, "version", "json")) await printSetting(hub(), setting, values.version);
  else if (isAsked("apply", true, "replaces")) await apply(hub(), of ?? "", values.replaces);
  else if (isAsked("status", false, "json")) await status(hub(), values.json);
  else if (isAsked("show", true, "json")) await show(hub(), of ?? "", values.json);
  else throw new Fault("USAGE", "recorder takes get, apply FILE, status, or show ALERT. See: atalaya recorder --help");
  return 0;
}

async function apply(hub: Hub, file: string, replaces: string | undefined): Promise<void> {
  const version = replaces === undefined ? undefined : readVersion("recorder", replaces);
  const { scopes } = await applySetting(hub, setting, file, version);
  printLine(`in force: ${scopes.length} scope${scopes.length === 1 ? "" : "s"}`);
}

async function status(hub: Hub, json: boolean): Promise<void> {
  const { scopes } = await hub.get("/api/v1/recorder-policy", recorderPolicySchema);
  const { sensors } = await hub.get("/api/v1/sensors", z.object({ sensors: z.array(sensorSchema) }));
  if (json) {
    const nodes = sensors.map(({ cluster, node, publisher, report }) => ({
      cluster,
      node,
      containers: report?.recorded_containers ?? null,
      recorder: publisher?.recorder ?? null,
    }));
    printLine(JSON.stringify({ scopes, nodes }));
    return;
  }
  printLine(scopes.length === 0 ? "nothing is recorded: no scope is in force" : `${scopes.length} scopes in force`);
  for (const sensor of sensors) printLine(printable(statusLine(sensor)));
}

function statusLine({ cluster, node, publisher, report }: Sensor): string {
  const is = publisher?.recorder;
  const containers = report?.recorded_containers;
  const now = containers === undefined ? "" : `  ${containers} container${containers === 1 ? "" : "s"} now,`;
  const where = `${cluster}/${node}${now}`;
  if (is === undefined) return `${where}  nothing recorded yet`;
  const mebibytes = (bytes: number) => (bytes / 1024 / 1024).toFixed(1);
  const since = is.oldest_us === null ? "nothing" : `since ${timeText(is.oldest_us)}`;
  const lost = `${is.given_up} given up early, ${is.unwritten} not written, ${is.refused_frames} frames refused`;
  return `${where}  ${since}, ${mebibytes(is.bytes)} of ${mebibytes(is.bytes_max)} MiB; events: ${is.recorded} recorded, ${is.aged} aged out, ${lost}`;
}

async function show(hub: Hub, alertId: string, json: boolean): Promise<void> {
  const page = await hub.get(`/api/v1/alerts/${encodeURIComponent(alertId)}/recording`, recordingPageSchema);
  if (json) {
    printLine(JSON.stringify(page));
    return;
  }
  for (const event of page.events) printLine(printable(eventLine(event)));
  for (const line of summaryOf(page.recording)) printLine(printable(line));
}

function eventLine({ time_us, class: name, activity, pid, name: program, what }: RecordedEvent): string {
  const time = new Date(time_us / 1_000).toISOString().slice(11, 23);
  return `${time}  ${`${name} ${activity}`.padEnd(18)} ${`${program}(${pid ?? "?"})`.padEnd(22)} ${what}`;
}

/** What came, and what is missing: in sentences. */
export function summaryOf(is: AlertRecording): string[] {
  if (is.state !== "answered")
    return [
      {
        asked: "The node has not answered yet.",
        unanswered: "The node did not answer within an hour.",
        refused: "Too many alerts of this container, or this node, asked: this one was left out.",
      }[is.state],
    ];
  const lines = is.counts.map(
    ({ class: name, events, earlier, lost }) => `${name}: ${events} recorded, ${earlier} earlier, ${lost} lost`,
  );
  if (lines.length === 0) lines.push("The node had nothing of this container.");
  if (is.from_beginning) lines.push("The recording begins here: before it nothing was recorded.");
  if (is.cut) lines.push("Older events of the window were left out: an answer holds 2,000.");
  if (is.undecodable > 0) lines.push(`${is.undecodable} events could not be read.`);
  if (is.damaged > 0) lines.push(`${is.damaged} pieces of the node's recording were damaged.`);
  return lines;
}
