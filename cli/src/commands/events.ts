import { getSystemErrorName } from "node:util";
import { liveEventSchema } from "@atalaya/wire";
import { connectHub } from "@atalaya/wire/client";
import { readOptions } from "../arguments.ts";
import type { Command } from "../command.ts";
import { connectionOptions } from "../hub-connection.ts";
import { printable, printLine } from "../print.ts";
import { stopSignal } from "../stop-signal.ts";

const help = `Usage: atalaya events --follow [--container ID] [--class NAME] [--name NAME] [--json]

Shows what the sensors send, live, until Ctrl-C.

  --container ID   only this container (the start of its id is enough; "host" for the host)
  --class NAME     process, file, network, dns or api
  --name NAME      only processes of this name
  --json           one event a line, in its JSON form
  --data DIR       the hub of this data folder

Examples:
  atalaya events --follow
  atalaya events --follow --container 9c41e7d0a2f1 --class process
  atalaya events --follow --name curl --json`;

const options = {
  ...connectionOptions,
  follow: { type: "boolean", default: false },
  json: { type: "boolean", default: false },
  container: { type: "string" },
  class: { type: "string" },
  name: { type: "string" },
} as const;

export const events: Command = { name: "events", summary: "what the sensors send, live", help, run };

async function run(args: string[]): Promise<number> {
  const { values } = readOptions("events", args, options);
  const { container, name } = values;
  const given = { container, name, class: values.class };
  const query = Object.fromEntries(
    Object.entries(given).filter((pair): pair is [string, string] => pair[1] !== undefined),
  );
  await connectHub(values.data).follow(
    "events",
    query,
    (message) => {
      const live = liveEventSchema.safeParse(message.data);
      if (!live.success) return;
      printLine(
        values.json ? JSON.stringify({ node: live.data.node, ...live.data.event }) : eventLine(live.data.event),
      );
    },
    stopSignal(),
  );
  return 0;
}

function eventLine(event: Record<string, unknown>): string {
  const text = (key: string) => (event[key] === undefined ? "" : String(event[key]));
  const time = new Date(Number(event["time_us"] ?? 0) / 1000).toISOString().slice(11, 23);
  const container = text("container_id").slice(0, 12).padEnd(12);
  const what = `${text("class")} ${text("activity")}`.padEnd(18);
  return `${time}  ${printable(container)}  ${printable(what)}  ${printable(text("name")).padEnd(15)} ${printable(detail(event, text))}`;
}

function detail(event: Record<string, unknown>, text: (key: string) => string): string {
  if (event["class"] === "process") return Array.isArray(event["argv"]) ? event["argv"].join(" ") : text("filename");
  if (event["class"] === "file")
    return event["other_path"] === undefined ? text("path") : `${text("path")} -> ${text("other_path")}`;
  if (event["class"] === "dns") return `${text("query")} of ${text("dst_ip")}`;
  if (event["class"] === "network") {
    const side = event["activity"] === "receive" ? "src" : "dst";
    const error = Number(event["error"] ?? 0);
    const why = Number.isSafeInteger(error) && error < 0 ? ` ${getSystemErrorName(error)}` : "";
    return `${text("protocol")} ${text(`${side}_ip`)}:${text(`${side}_port`)}${why}`;
  }
  if (event["class"] === "api")
    return `${text("user_name")} ${text("verb")} ${text("resource")} ${text("object_name")}`;
  return "";
}
