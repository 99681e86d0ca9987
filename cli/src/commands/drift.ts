import {
  type AlertSource,
  alertPageSchema,
  alertSchema,
  blockedDrift,
  blockedVerdicts,
  type DriftPolicy,
  driftPolicySchema,
  Fault,
  ruleSchema,
  tryDrift,
} from "@atalaya/wire";
import { connectHub, refuseUnused } from "@atalaya/wire/client";
import * as z from "zod";
import { readArguments, readLimit } from "../arguments.ts";
import type { Command } from "../command.ts";
import { durationSeconds, timeText } from "../duration.ts";
import { connectionOptions } from "../hub-connection.ts";
import { printable, printLine } from "../print.ts";
import { applySetting, type FileSetting, printSetting, readSettingFile, readVersion } from "../setting-file.ts";

const help = `Usage: atalaya drift get [--version]
       atalaya drift apply FILE [--replaces VERSION]
       atalaya drift apply FILE --dry-run [--since 24h] [--limit N]
       atalaya drift blocked [--since 24h]

What is to become of programs that did not come with their container's image. Without rules each is an alert.

  get         prints the rules in force, as apply takes them
  apply       puts the rules of a JSON file in force, in place of those before
  blocked     lists what was blocked, and what would have been where the rules are on trial
  --dry-run   changes nothing: says what would have become of the alerts that came
  --since T   with --dry-run and blocked: since how long ago (default 24h)
  --limit N   the dry run looks at the newest N alerts (default 1000; all with 0): the hub is asked for each
  --replaces VERSION
              in place of that version alone, which get named (default: of what is in force as the command begins);
              where somebody else put another in force since, nothing is changed, and the exit status is 4
  --version   with get: names the version, too, on standard error (there in any case where that is a terminal)
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
  limit: { type: "string", default: "1000" },
  replaces: { type: "string" },
  version: { type: "boolean", default: false },
  json: { type: "boolean", default: false },
} as const;

const setting: FileSetting<DriftPolicy> = {
  command: "drift",
  called: "drift policy",
  path: "/api/v1/drift-policy",
  schema: driftPolicySchema,
};

export const drift: Command = { name: "drift", summary: "what becomes of programs that no image holds", help, run };

type Hub = ReturnType<typeof connectHub>;

async function run(args: string[]): Promise<number> {
  const { values, positionals, given } = readArguments("drift", args, options);
  const [action, file, more] = positionals;
  const takes = (use: string, ...names: string[]) => refuseUnused("drift", `drift ${use}`, given, "data", ...names);
  const sinceUs = () => Date.now() * 1_000 - durationSeconds("--since", values.since) * 1_000_000;
  if (action === "get" && file === undefined) {
    takes("get", "version", "json");
    await printSetting(connectHub(values.data), setting, values.version);
  } else if (action === "blocked" && file === undefined) {
    takes("blocked", "since");
    await listBlocked(connectHub(values.data), sinceUs());
  } else if (action !== "apply" || file === undefined || more !== undefined) {
    throw new Fault("USAGE", "drift takes get, blocked, or apply FILE. See: atalaya drift --help");
  } else if (values["dry-run"]) {
    takes("apply --dry-run", "dry-run", "since", "limit");
    await tryOut(connectHub(values.data), readSettingFile(setting, file), sinceUs(), readLimit("drift", values.limit));
  } else {
    takes("apply without --dry-run", "replaces");
    const replaces = values.replaces === undefined ? undefined : readVersion("drift", values.replaces);
    const { rules } = await applySetting(connectHub(values.data), setting, file, replaces);
    printLine(`in force: ${rules.length} rule${rules.length === 1 ? "" : "s"}`);
  }
  return 0;
}

function sourceOf(hub: Hub): AlertSource {
  return {
    rules: async () => (await hub.get("/api/v1/rules", z.object({ rules: z.array(ruleSchema) }))).rules,
    alerts: (query) => hub.get(`/api/v1/alerts?${query}`, alertPageSchema),
    alert: (alertId) => hub.get(`/api/v1/alerts/${encodeURIComponent(alertId)}`, alertSchema),
  };
}

async function tryOut(hub: Hub, policy: DriftPolicy, sinceUs: number, limit: number): Promise<void> {
  const sums = { ignore: 0, alert: 0, block: 0 };
  let left = limit;
  let isCut = false;
  for await (const { alert, decision } of tryDrift(sourceOf(hub), policy, sinceUs)) {
    isCut = left === 0;
    if (isCut) break;
    left -= 1;
    sums[decision.action] += 1;
    const why = decision.rule === null ? "no rule decides" : `rule ${decision.rule}`;
    printLine(printable(`${decision.action}  ${timeText(alert.last_seen_us)}  ${alert.summary.en}  (${why})`));
  }
  const total = sums.ignore + sums.alert + sums.block;
  if (isCut) printLine(`More alerts came; only the newest ${total} were looked at (--limit N, all with 0).`);
  if (sums.block > 0)
    printLine(
      `${sums.block} would have been blocked, where the node's own file permits it and the kernel is sure (docs/drift.md).`,
    );
  printLine(`${sums.ignore} of ${total} alerts would not have been told. Nothing was changed.`);
}

async function listBlocked(hub: Hub, sinceUs: number): Promise<void> {
  const sums = { blocked: 0, would_block: 0 };
  for (const verdict of blockedVerdicts) {
    for await (const alert of blockedDrift(sourceOf(hub), verdict, sinceUs)) {
      sums[verdict] += 1;
      printLine(printable(`${verdict}  ${timeText(alert.last_seen_us)}  ${alert.summary.en}`));
    }
  }
  printLine(`blocked: ${sums.blocked}, on trial: ${sums.would_block}`);
}
