import { type AlertSummary, alertPageSchema, alertSummarySchema, limits } from "@atalaya/wire";
import { connectHub } from "@atalaya/wire/client";
import { readLimit, readOptions } from "../arguments.ts";
import type { Command } from "../command.ts";
import { connectionOptions } from "../hub-connection.ts";
import { alertLine, language, printLine } from "../print.ts";
import { stopSignal } from "../stop-signal.ts";

const help = `Usage: atalaya alerts [--follow] [--json] [filters]

Lists alerts, newest first; with --follow prints each as it comes, until Ctrl-C.

  --follow            go on with new and changed alerts
  --json              one alert a line, as JSON
  --limit N           how many to list (default 50; all with 0)
  --status LIST       new, acknowledged, resolved
  --severity LIST     critical, high, medium, low, informational
  --rule NAME         only this rule
  --container ID      only this container
  --namespace NAME    only this namespace
  --query WORDS       words in title, summary, rule or output
  --data DIR          the hub of this data folder

Examples:
  atalaya alerts
  atalaya alerts --follow --severity critical,high
  atalaya alerts --query "web shell" --json | jq .where`;

const options = {
  ...connectionOptions,
  follow: { type: "boolean", default: false },
  json: { type: "boolean", default: false },
  limit: { type: "string", default: "50" },
  status: { type: "string" },
  severity: { type: "string" },
  rule: { type: "string" },
  container: { type: "string" },
  namespace: { type: "string" },
  query: { type: "string" },
} as const;

export const alerts: Command = { name: "alerts", summary: "list or follow alerts", help, run };

async function run(args: string[]): Promise<number> {
  const { values } = readOptions("alerts", args, options);
  let left = readLimit("alerts", values.limit);
  const hub = connectHub(values.data);
  const print = (alert: AlertSummary) => printLine(values.json ? JSON.stringify(alert) : alertLine(alert, language()));
  const filters = filtersOf(values);
  let cursor: string | undefined;
  do {
    const query = {
      ...filters,
      limit: String(Math.min(left, limits.apiPageMax)),
      ...(cursor === undefined ? {} : { cursor }),
    };
    const page = await hub.get(`/api/v1/alerts?${new URLSearchParams(query)}`, alertPageSchema);
    for (const alert of page.alerts) print(alert);
    left -= page.alerts.length;
    cursor = page.next_cursor;
  } while (cursor !== undefined && left > 0);
  if (!values.follow) return 0;
  await hub.follow(
    "alerts",
    {},
    (message) => {
      const alert = alertSummarySchema.safeParse(message.data);
      if (alert.success && matches(alert.data, filters)) print(alert.data);
    },
    stopSignal(),
  );
  return 0;
}

function filtersOf(values: {
  status?: string;
  severity?: string;
  rule?: string;
  container?: string;
  namespace?: string;
  query?: string;
}): Record<string, string> {
  const { query, status, severity, rule, container, namespace } = values;
  const all = { q: query, status, severity, rule, container, namespace };
  return Object.fromEntries(Object.entries(all).filter((pair): pair is [string, string] => pair[1] !== undefined));
}

/** The stream carries all alerts; the filters of the list hold for it too. */
function matches(alert: AlertSummary, filters: Record<string, string>): boolean {
  const oneOf = (value: string, list: string | undefined) => list === undefined || list.split(",").includes(value);
  const words =
    `${alert.title.en} ${alert.title.es} ${alert.summary.en} ${alert.summary.es} ${alert.rule}`.toLowerCase();
  return (
    oneOf(alert.status, filters["status"]) &&
    oneOf(alert.severity, filters["severity"]) &&
    oneOf(alert.rule, filters["rule"]) &&
    oneOf(alert.where.namespace ?? "", filters["namespace"]) &&
    (alert.where.container_id ?? "").startsWith(filters["container"] ?? "") &&
    words.includes((filters["q"] ?? "").toLowerCase())
  );
}
