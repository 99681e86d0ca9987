import { parseArgs } from "node:util";
import { loadRules, type Rule } from "@atalaya/rules";
import { type ExplainedPlan, explainedPlanSchema, Fault, sensorSchema } from "@atalaya/wire";
import { connectHub, givenOptions, refuseUnused } from "@atalaya/wire/client";
import * as z from "zod";
import { LineWriter } from "./line-writer.ts";
import { type NodeInForce, nodeLines, nodesInForce, planLines } from "./plan-lines.ts";
import { printableText } from "./printable-text.ts";
import { problemLine, ruleFiles, usableRules } from "./rule-files.ts";

const help = `Usage: atalaya rules check FILE...
       atalaya rules list [--json] [--rules FILE]... [--no-packs]
       atalaya rules show NAME [--json] [--rules FILE]... [--no-packs]
       atalaya rules plan [FILE...] [--json] [--no-packs]
       atalaya rules plan --hub [--data DIR] [--json]

check reads rule files in Falco's language and says what is wrong with them, as FILE:LINE:COLUMN: reason; list and show
print the built-in rules and those of the files given. plan prints what the rules make the kernel send (kinds of events,
names, path starts, ports, domains), who asks for each, and which rule asks for everything because the kernel can't test
what it says; the rest never leaves the kernel.

  --json           list: one rule a line, as an object; show and plan: one object
  --rules FILE     a rule file, loaded after the built-in packs; may be given again
  --no-packs       without the built-in packs (check: the files must stand on their own)
  --hub            plan: of the rules that the running hub has loaded and switched on, and on which nodes it is in force
  --data DIR       plan --hub: the hub of this data folder

Exit status: 0; 1 when a file has a problem, show found no rule or the hub can't be reached; 2 when the arguments are
unusable.

Examples:
  atalaya rules check my_rules.yaml
  atalaya rules list --json | jq -r .name
  atalaya rules show "Web Shell Activity"
  atalaya rules plan my_rules.yaml
  atalaya rules plan --json | jq '.widened[] | .rule'
  atalaya rules plan --hub
`;

const options = {
  json: { type: "boolean", default: false },
  rules: { type: "string", multiple: true },
  "no-packs": { type: "boolean", default: false },
  hub: { type: "boolean", default: false },
  data: { type: "string" },
  help: { type: "boolean", short: "h", default: false },
} as const;

/** What each use of the command makes something of. */
const optionsOf: Readonly<Record<string, readonly string[]>> = {
  check: ["no-packs"],
  list: ["json", "rules", "no-packs"],
  show: ["json", "rules", "no-packs"],
  plan: ["json", "rules", "no-packs"],
  "plan --hub": ["hub", "json", "data"],
};

/** `atalaya rules`; gives the exit status (0, 1, 2). */
export async function rulesMain(args: string[]): Promise<number> {
  try {
    const { values, positionals, tokens } = readArguments(args);
    if (values.help) {
      process.stdout.write(help);
      return 0;
    }
    const [command, ...rest] = positionals;
    const use = command === "plan" && values.hub ? "plan --hub" : (command ?? "");
    const takes = Object.hasOwn(optionsOf, use) ? optionsOf[use] : undefined;
    if (takes !== undefined) refuseUnused("rules", `rules ${use}`, givenOptions(tokens), ...takes);
    if (command === "check" && rest.length > 0) return check(rest, !values["no-packs"]);
    if (command === "plan") return await plan(rest, values);
    const load = () => [...loadRules(ruleFiles(values.rules ?? [], !values["no-packs"])).rules];
    if (command === "list" && rest.length === 0) return await list(load(), values.json);
    const [name] = rest;
    if (command === "show" && name !== undefined && rest.length === 1) return show(load(), name, values.json);
    throw new Fault("USAGE", "rules takes check FILE..., list, show NAME, or plan FILE.... See: atalaya rules --help");
  } catch (error) {
    if (!(error instanceof Fault)) throw error;
    process.stderr.write(`atalaya: ${error.message}\n`);
    return error.code === "USAGE" ? 2 : 1;
  }
}

function readArguments(args: string[]) {
  try {
    return parseArgs({ args, options, allowPositionals: true, strict: true, tokens: true });
  } catch (error) {
    const reason = error instanceof Error ? error.message.replace(/\. To specify.*/s, "") : "unusable arguments";
    throw new Fault("USAGE", `${reason}. See: atalaya rules --help`, {}, error);
  }
}

/** The files are loaded behind the packs, as the hub does; only what concerns the files themselves is told. */
function check(paths: readonly string[], withPacks: boolean): number {
  const loaded = loadRules(ruleFiles(paths, withPacks));
  const mine = (place: { file: string }) => paths.includes(place.file);
  const problems = loaded.problems.filter(mine);
  const warnings = loaded.warnings.filter(mine);
  for (const problem of problems) process.stdout.write(`${problemLine(problem)}\n`);
  for (const warning of warnings)
    process.stdout.write(`${problemLine({ ...warning, reason: `warning: ${warning.reason}` })}\n`);
  const rules = loaded.rules.filter(mine).length;
  process.stdout.write(`${rules} rules, ${problems.length} problems, ${warnings.length} warnings\n`);
  return problems.length === 0 ? 0 : 1;
}

type PlanOptions = { json: boolean; hub: boolean; "no-packs": boolean; data?: string | undefined; rules?: string[] };

/** The plan of what the kernel sends: of the files given, or of what the hub has in force. */
async function plan(paths: readonly string[], options: PlanOptions): Promise<number> {
  if (options.hub && paths.length > 0) throw new Fault("USAGE", "rules plan takes rule files, or --hub");
  if (options.hub) {
    const { explained, nodes } = await planOfHub(options.data);
    const lines = [...nodeLines(explained.plan.version, nodes), "", ...planLines(explained)];
    return print(options.json ? [JSON.stringify({ ...explained, nodes }, null, 2)] : lines);
  }
  const explained = usableRules(ruleFiles([...(options.rules ?? []), ...paths], !options["no-packs"]))?.explainPlan();
  if (explained === undefined) return 1;
  return print(options.json ? [JSON.stringify(explained, null, 2)] : planLines(explained));
}

async function planOfHub(data: string | undefined): Promise<{ explained: ExplainedPlan; nodes: NodeInForce[] }> {
  const hub = connectHub(data);
  const explained = await hub.get("/api/v1/filter-plan", explainedPlanSchema);
  const { sensors } = await hub.get("/api/v1/sensors", z.object({ sensors: z.array(sensorSchema) }));
  return { explained, nodes: nodesInForce(sensors) };
}

async function print(lines: readonly string[]): Promise<number> {
  const out = new LineWriter();
  for (const line of lines) await out.line(line);
  await out.flush();
  return 0;
}

async function list(rules: readonly Rule[], json: boolean): Promise<number> {
  const out = new LineWriter();
  const width = rules.reduce((max, rule) => Math.max(max, rule.name.length), 0);
  for (const rule of rules) {
    const state = rule.enabled ? "" : "  (off)";
    const line = `${rule.name.padEnd(width)}  ${rule.source.padEnd(9)}  ${rule.priority.padEnd(13)}  ${rule.pack}${state}`;
    await out.line(json ? JSON.stringify(rule) : printableText(line));
  }
  await out.flush();
  return 0;
}

function show(rules: readonly Rule[], name: string, json: boolean): number {
  const rule =
    rules.find((one) => one.name === name) ?? rules.find((one) => one.name.toLowerCase() === name.toLowerCase());
  if (rule === undefined) {
    process.stderr.write(`atalaya: there is no rule "${printableText(name)}". See: atalaya rules list\n`);
    return 1;
  }
  process.stdout.write(`${json ? JSON.stringify(rule, null, 2) : page(rule).join("\n")}\n`);
  return 0;
}

function page(rule: Rule): string[] {
  const { alert } = rule;
  const paragraph = (text: string) => printableText(text.replace(/\s+/g, " ").trim());
  const lines = [
    paragraph(rule.name),
    `  ${rule.file}:${rule.line}  source ${rule.source}  priority ${rule.priority}${rule.enabled ? "" : "  (off)"}`,
    `  ${paragraph(rule.description)}`,
    `  tags: ${paragraph(rule.tags.join(", "))}`,
    "",
    `condition: ${paragraph(rule.condition)}`,
    `output: ${paragraph(rule.output)}`,
  ];
  if (rule.correlate !== undefined) lines.push(`correlate: ${JSON.stringify(rule.correlate)}`);
  if (alert === undefined) return lines;
  lines.push(
    "",
    `${paragraph(alert.title.en)} (${alert.severity})`,
    `${paragraph(alert.title.es)}`,
    "",
    paragraph(alert.description.en),
    "",
  );
  for (const one of alert.attack) lines.push(`  ${one.id} ${one.name} (${one.tactic})`);
  if (alert.triage.length > 0) lines.push("", "What to do:", ...alert.triage.map((one) => `  - ${paragraph(one.en)}`));
  if (alert.blind_spots.length > 0)
    lines.push("", "Not seen:", ...alert.blind_spots.map((one) => `  - ${paragraph(one.en)}`));
  return lines;
}
