import { createReadStream } from "node:fs";
import { hostname } from "node:os";
import { parseArgs } from "node:util";
import { type Evaluator, falcoAlert, type Match, makeEvaluator } from "@atalaya/rules";
import { Fault } from "@atalaya/wire";
import { boundedLines } from "./bounded-lines.ts";
import { eventsOfLine } from "./events-of-line.ts";
import { replayLimits } from "./limits.ts";
import { LineWriter } from "./line-writer.ts";
import { printableText } from "./printable-text.ts";
import { reasonOf, ruleFiles, usableRules } from "./rule-files.ts";

const help = `Usage: atalaya replay [--rules FILE]... [--no-packs] [--source k8s_audit|syscall] [--match first|all] [--json] FILE|-

Evaluates recorded events with the rules, offline: no hub is needed, nothing is stored. FILE holds JSON, one value a
line: audit records of a Kubernetes API server (audit.k8s.io/v1 Event or EventList), or events of ours as
"atalaya events --json" and "atalaya collector --stdout" print them. "-" reads standard input.

  --rules FILE     a rule file in Falco's language, loaded after the built-in packs; may be given again
  --no-packs       without the built-in packs
  --source NAME    only events and rules of this source: k8s_audit or syscall
  --match HOW      all: every rule that matches (the default); first: the first of each rule file
  --json           one alert a line, in Falco's JSON form

Exit status: 0; 2 when arguments or rules are unusable; 3 when a line could not be read (it stands on standard error
as FILE:LINE: reason, and the rest was evaluated).

Examples:
  atalaya replay /var/log/kubernetes/audit.log
  atalaya replay --no-packs --rules k8s_audit_rules.yaml --match first --json audit.log
  kubectl logs -n kube-system kube-apiserver-node1 | atalaya replay --source k8s_audit --json -
`;

const options = {
  rules: { type: "string", multiple: true },
  "no-packs": { type: "boolean", default: false },
  source: { type: "string" },
  match: { type: "string", default: "all" },
  json: { type: "boolean", default: false },
  help: { type: "boolean", short: "h", default: false },
} as const;

type Settings = {
  file: string;
  rules: string[];
  withPacks: boolean;
  source: "k8s_audit" | "syscall" | undefined;
  match: "all" | "first";
  json: boolean;
};

/** `atalaya replay`: evaluates a file of events; gives the exit status (0, 2, 3). */
export async function replayMain(args: string[]): Promise<number> {
  try {
    const settings = readSettings(args);
    if (settings === undefined) {
      process.stdout.write(help);
      return 0;
    }
    const rules = usableRules(ruleFiles(settings.rules, settings.withPacks));
    if (rules === undefined) return 2;
    const { source, match } = settings;
    const enabled = (rule: { enabled: boolean; source: string }) =>
      rule.enabled && (source ?? rule.source) === rule.source;
    return await replay(settings, makeEvaluator(rules, { match, enabled }));
  } catch (error) {
    if (!(error instanceof Fault)) throw error;
    process.stderr.write(`atalaya: ${error.message}\n`);
    return 2;
  }
}

function readSettings(args: string[]): Settings | undefined {
  const usage = (reason: string): never => {
    throw new Fault("USAGE", `${reason} See: atalaya replay --help`);
  };
  const parse = () => {
    try {
      return parseArgs({ args, options, allowPositionals: true, strict: true });
    } catch (error) {
      return usage(`${reasonText(error)}.`);
    }
  };
  const { values, positionals } = parse();
  if (values.help) return undefined;
  const [file, ...more] = positionals;
  if (file === undefined || more.length > 0) return usage("replay reads one FILE, or - for standard input.");
  const { source, match } = values;
  if (source !== undefined && source !== "k8s_audit" && source !== "syscall") {
    return usage("--source is k8s_audit or syscall.");
  }
  if (match !== "all" && match !== "first") return usage("--match is first or all.");
  return { file, rules: values.rules ?? [], withPacks: !values["no-packs"], source, match, json: values.json };
}

const reasonText = (error: unknown): string =>
  error instanceof Error ? error.message.replace(/\. To specify.*/s, "") : "unusable arguments";

async function replay(settings: Settings, evaluator: Evaluator): Promise<number> {
  const out = new LineWriter();
  const host = hostname();
  const name = settings.file === "-" ? "stdin" : settings.file;
  const count = { lines: 0, events: 0, alerts: 0, refused: 0 };
  const refuse = (line: number, reason: string) => {
    count.refused += 1;
    process.stderr.write(`${name}:${line}: ${reason}\n`);
  };
  for await (const { number, text } of boundedLines(openInput(settings.file), replayLimits.lineBytesMax)) {
    if (out.closed) break;
    count.lines += 1;
    if (text === undefined) refuse(number, `the line is longer than ${replayLimits.lineBytesMax} bytes`);
    else if (text.trim() !== "") {
      const { events, refused } = eventsOfLine(text);
      for (const reason of refused) refuse(number, reason);
      for (const event of events) {
        count.events += 1;
        for (const match of evaluator.evaluate(event)) {
          count.alerts += 1;
          await out.line(settings.json ? JSON.stringify(falcoAlert(match, host)) : alertLine(match));
        }
      }
    }
  }
  await out.flush();
  if (!settings.json || count.refused > 0) {
    const summary = `${count.lines} lines, ${count.events} events, ${count.alerts} alerts, ${count.refused} not readable`;
    process.stderr.write(`${summary}\n`);
  }
  return count.refused > 0 ? 3 : 0;
}

/** The bytes of the file. Throws Fault USAGE where it cannot be read, in the middle of it as well. */
async function* openInput(file: string): AsyncGenerator<Uint8Array> {
  const stream = file === "-" ? process.stdin : createReadStream(file, { highWaterMark: 256 * 1024 });
  try {
    for await (const chunk of stream) yield chunk as Uint8Array;
  } catch (error) {
    throw new Fault("USAGE", `${file} cannot be read (${reasonOf(error)}).`, {}, error);
  }
}

function alertLine(match: Match): string {
  const { rule, event } = match;
  const time = event.time_us === null ? "-" : new Date(event.time_us / 1_000).toISOString();
  const title = rule.alert?.title.en ?? rule.name;
  return printableText(`${time}  ${rule.priority.padEnd(13)}  ${title}  ${match.output}`);
}
