import { parseArgs } from "node:util";
import { Fault } from "@atalaya/wire";
import { scenarioNames } from "./attack/scenario.ts";
import { type RuntimeName, runtimeNames } from "./container/runtime.ts";
import { limits } from "./limits.ts";

export const help = `Usage: atalaya simulate --local [SCENARIO]... [options]

Attacks a web server of its own in a container on this machine, harmlessly and with real techniques, and waits for the
alert that each attack must raise. Victim and attacker live in a network without a way out; everything is removed at
the end. Needs root, a running hub (npm start) and its sensor on this machine.

Scenarios (default all):
  recon         reads the service account's token, asks what it may do, scans the network
  lateral-mov   asks the cloud's metadata service for credentials
  secrets       searches for credentials in files and variables, and reads them
  crypto        tunes the processor, prepares a rootkit's place, downloads and runs a "miner"
  webshell      gives one order through a web shell
  ti-domain     listed only: it needs DNS events
  all           all of them

  --local            in containers on this machine
  --runtime NAME     runc (default) or containerd
  --timeout SECONDS  how long an alert may take (default ${limits.alertMs / 1000})
  --json             one object a line: {scenario, alert, status, seconds, alert_id}
  --data DIR         the hub of this data folder
  --cache DIR        where the victim's root is kept between runs
  --keep             leaves attacker and last victim for a look; the next run removes them

Exit status: 0 every alert came, 1 one was missed or an attack had no effect, 2 unusable arguments, 130 after Ctrl-C.

Examples:
  atalaya simulate --local all
  atalaya simulate --local crypto webshell --runtime containerd
  atalaya simulate --local all --json > result.jsonl`;

const options = {
  local: { type: "boolean", default: false },
  runtime: { type: "string", default: "runc" },
  timeout: { type: "string" },
  json: { type: "boolean", default: false },
  cache: { type: "string" },
  keep: { type: "boolean", default: false },
  data: { type: "string" },
  help: { type: "boolean", short: "h", default: false },
} as const;

export type SimulateOptions = {
  words: string[];
  runtime: RuntimeName;
  timeoutMs: number;
  json: boolean;
  keep: boolean;
  cacheFolder: string | undefined;
  data: string | undefined;
};

/** Reads the command line; undefined when help was asked for. Throws Fault USAGE. */
export function readOptions(args: string[]): SimulateOptions | undefined {
  const { values, positionals } = parse(args);
  if (values.help) return undefined;
  if (!values.local) throw usage("simulate needs --local: attacks on a cluster are not part of this version");
  const unknown = positionals.find((word) => word !== "all" && !(scenarioNames as readonly string[]).includes(word));
  if (unknown !== undefined)
    throw usage(`there is no scenario "${unknown}"; there are ${scenarioNames.join(", ")} and all`);
  const runtime = runtimeNames.find((name) => name === values.runtime);
  if (runtime === undefined) throw usage(`--runtime takes ${runtimeNames.join(" or ")}`);
  const seconds = values.timeout === undefined ? limits.alertMs / 1000 : Number(values.timeout);
  if (!(seconds > 0 && seconds <= limits.alertSecondsMax)) {
    throw usage(`--timeout takes seconds, at most ${limits.alertSecondsMax}`);
  }
  const { json, keep, cache: cacheFolder, data } = values;
  const words = positionals.length === 0 ? ["all"] : positionals;
  return { words, runtime, timeoutMs: seconds * 1000, json, keep, cacheFolder, data };
}

function parse(args: string[]) {
  try {
    return parseArgs({ args, options, allowPositionals: true, strict: true });
  } catch (cause) {
    throw usage(cause instanceof Error ? cause.message.replace(/\. To specify.*/s, "") : "unusable arguments");
  }
}

function usage(reason: string): Fault {
  return new Fault("USAGE", `${reason}. See: atalaya simulate --help`);
}
