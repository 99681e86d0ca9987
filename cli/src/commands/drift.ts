import { readFileSync } from "node:fs";
import {
  type AlertSummary,
  alertPageSchema,
  alertSchema,
  type DriftFacts,
  type DriftPolicy,
  decideDrift,
  driftPolicySchema,
  Fault,
  ruleSchema,
} from "@atalaya/wire";
import { connectHub } from "@atalaya/wire/client";
import * as z from "zod";
import { readArguments } from "../arguments.ts";
import type { Command } from "../command.ts";
import { durationSeconds, timeText } from "../duration.ts";
import { connectionOptions } from "../hub-connection.ts";
import { printable, printLine } from "../print.ts";

const help = `Usage: atalaya drift get
       atalaya drift apply FILE [--dry-run] [--since 24h]
       atalaya drift blocked [--since 24h]

What is to become of programs that did not come with their container's image. Without rules each is an alert.

  get         prints the rules in force, as apply takes them
  apply       puts the rules of a JSON file in force, in place of those before
  blocked     lists what was blocked, and what would have been where the rules are on trial
  --dry-run   changes nothing: says what would have become of the alerts that came
  --since T   since how long ago (default 24h)
  --data DIR  the hub of this data folder

The first rule whose scope holds decides. In a pattern * is anything, a slash, too.

  { "rules": [ { "name": "builds", "namespaces": ["build*"], "allow": ["/workspace/*"], "action": "alert" } ] }

  scope    clusters, namespaces, pods, containers, images: lists of patterns; what is left out fits everything
           labels: of the pod, a pattern for each key, e.g. { "app": "web-*" }; all have to fit
  allow    paths of programs that are welcome within the scope
  action   ignore, alert or block: for all other programs within the scope
  trial    true, with block: the program runs, and is listed by blocked

Programs are blocked only where the node's own file permits it (atalaya collector --enforce FILE).

Examples:
  atalaya drift get > drift.json
  atalaya drift apply drift.json --dry-run --since 7d
  atalaya drift apply drift.json`;

const options = {
  ...connectionOptions,
  "dry-run": { type: "boolean", default: false },
  since: { type: "string", default: "24h" },
} as const;

export const drift: Command = { name: "drift", summary: "what becomes of programs that no image holds", help, run };

type Hub = ReturnType<typeof connectHub>;

async function run(args: string[]): Promise<number> {
  const { values, positionals } = readArguments("drift", args, options);
  const [action, file] = positionals;
  const hub = connectHub(values.data);
  if (action === "get" && file === undefined) {
    printLine(JSON.stringify(await hub.get("/api/v1/drift-policy", driftPolicySchema), null, 2));
    return 0;
  }
  const sinceUs = Date.now() * 1_000 - durationSeconds("--since", values.since) * 1_000_000;
  if (action === "blocked" && file === undefined) {
    await listBlocked(hub, sinceUs);
    return 0;
  }
  if (action !== "apply" || file === undefined)
    throw new Fault("USAGE", "drift takes get, blocked, or apply FILE. See: atalaya drift --help");
  const policy = readPolicy(file);
  if (values["dry-run"]) {
    await tryOut(hub, policy, sinceUs);
    return 0;
  }
  const { rules } = await hub.put("/api/v1/drift-policy", policy, driftPolicySchema);
  printLine(`in force: ${rules.length} rule${rules.length === 1 ? "" : "s"}`);
  return 0;
}

function readPolicy(file: string): DriftPolicy {
  let value: unknown;
  try {
    value = JSON.parse(readFileSync(file, "utf8"));
  } catch (error) {
    const reason = error instanceof SyntaxError ? "it is not JSON" : "it can't be read";
    throw new Fault("USAGE", `${file}: ${reason}. See: atalaya drift --help`, {}, error);
  }
  const read = driftPolicySchema.safeParse(value);
  if (read.success) return read.data;
  const issues = read.error.issues.map((issue) => `${issue.path.join(".") || "the file"}: ${issue.message}`);
  throw new Fault("USAGE", `${file}: ${issues.join("; ")}. See: atalaya drift --help`);
}

/** Alerts are what was told: what the policy in force let pass is not among them. */
async function tryOut(hub: Hub, policy: DriftPolicy, sinceUs: number): Promise<void> {
  const sums = { ignore: 0, alert: 0, block: 0 };
  for await (const alert of driftAlerts(hub, sinceUs)) {
    const decision = decideDrift(policy, await factsOf(hub, alert));
    sums[decision.action] += 1;
    const why = decision.rule === null ? "no rule decides" : `rule ${decision.rule}`;
    printLine(printable(`${decision.action}  ${timeText(alert.last_seen_us)}  ${alert.summary.en}  (${why})`));
  }
  const total = sums.ignore + sums.alert + sums.block;
  if (sums.block > 0)
    printLine(
      `${sums.block} would have been blocked, where the node's own file permits it and the kernel is sure (docs/drift.md).`,
    );
  printLine(`${sums.ignore} of ${total} alerts would not have been told. Nothing was changed.`);
}

/** An alert folds repeats of one program, whose verdicts may differ: it counts by what its pieces of evidence say. */
async function listBlocked(hub: Hub, sinceUs: number): Promise<void> {
  const sums = { blocked: 0, would_block: 0 };
  for await (const { alert_id, last_seen_us, summary } of driftAlerts(hub, sinceUs)) {
    const { evidence } = await hub.get(`/api/v1/alerts/${encodeURIComponent(alert_id)}`, alertSchema);
    const verdicts = evidence.map((one) => one.output_fields["proc.exec_verdict"]);
    for (const verdict of ["blocked", "would_block"] as const) {
      if (!verdicts.includes(verdict)) continue;
      sums[verdict] += 1;
      printLine(printable(`${verdict}  ${timeText(last_seen_us)}  ${summary.en}`));
    }
  }
  printLine(`blocked: ${sums.blocked}, on trial: ${sums.would_block}`);
}

async function* driftAlerts(hub: Hub, sinceUs: number): AsyncGenerator<AlertSummary> {
  const { rules } = await hub.get("/api/v1/rules", z.object({ rules: z.array(ruleSchema) }));
  for (const { rule } of rules.filter((one) => one.tags.includes("drift"))) yield* alertsOf(hub, rule, sinceUs);
}

async function* alertsOf(hub: Hub, rule: string, sinceUs: number): AsyncGenerator<AlertSummary> {
  let cursor: string | undefined;
  do {
    const query = { rule, since_us: String(sinceUs), limit: "200", ...(cursor === undefined ? {} : { cursor }) };
    const page = await hub.get(`/api/v1/alerts?${new URLSearchParams(query)}`, alertPageSchema);
    yield* page.alerts;
    cursor = page.next_cursor;
  } while (cursor !== undefined);
}

/** An alert folds repeats of one program: each has the same path. */
async function factsOf(hub: Hub, { alert_id }: AlertSummary): Promise<DriftFacts> {
  const { where, evidence } = await hub.get(`/api/v1/alerts/${encodeURIComponent(alert_id)}`, alertSchema);
  const path = evidence[0]?.output_fields["proc.exepath"];
  return {
    cluster: where.cluster ?? "",
    namespace: where.namespace ?? null,
    pod: where.pod ?? null,
    container: where.container_name ?? null,
    image: where.image ?? null,
    labels: where.pod_labels ?? null,
    path: typeof path === "string" ? path : null,
  };
}
