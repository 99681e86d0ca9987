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
import { z } from "zod";
import { readArguments } from "../arguments.ts";
import type { Command } from "../command.ts";
import { durationSeconds, timeText } from "../duration.ts";
import { connectionOptions } from "../hub-connection.ts";
import { printable, printLine } from "../print.ts";

const help = `Usage: atalaya drift get
       atalaya drift apply FILE [--dry-run] [--since 24h]

What is to become of programs that did not come with their container's image. Without rules each is an alert.

  get         prints the rules in force, as apply takes them
  apply       puts the rules of a JSON file in force, in place of those before
  --dry-run   changes nothing: says what would have become of the alerts that came
  --since T   since how long ago (default 24h)
  --data DIR  the hub of this data folder

The first rule whose scope holds decides. In a pattern * is anything, a slash, too.

  { "rules": [ { "name": "builds", "namespaces": ["build*"], "allow": ["/workspace/*"], "action": "alert" } ] }

  scope    clusters, namespaces, pods, containers, images: lists of patterns; what is left out fits everything
  allow    paths of programs that are welcome within the scope
  action   ignore or alert: for all other programs within the scope

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
  if (action !== "apply" || file === undefined)
    throw new Fault("USAGE", "drift takes get, or apply FILE. See: atalaya drift --help");
  const policy = readPolicy(file);
  if (values["dry-run"]) {
    await tryOut(hub, policy, Date.now() * 1_000 - durationSeconds("--since", values.since) * 1_000_000);
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
  const { rules } = await hub.get("/api/v1/rules", z.object({ rules: z.array(ruleSchema) }));
  const sums = { ignore: 0, alert: 0 };
  for (const { rule } of rules.filter((one) => one.tags.includes("drift"))) {
    for await (const alert of alertsOf(hub, rule, sinceUs)) {
      const decision = decideDrift(policy, await factsOf(hub, alert));
      sums[decision.action] += 1;
      const why = decision.rule === null ? "no rule decides" : `rule ${decision.rule}`;
      printLine(printable(`${decision.action}  ${timeText(alert.last_seen_us)}  ${alert.summary.en}  (${why})`));
    }
  }
  printLine(`${sums.ignore} of ${sums.ignore + sums.alert} alerts would not have been told. Nothing was changed.`);
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
    path: typeof path === "string" ? path : null,
  };
}
