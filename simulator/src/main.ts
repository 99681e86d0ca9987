import { existsSync } from "node:fs";
import { homedir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { Fault } from "@atalaya/wire";
import { HubClient } from "@atalaya/wire/client";
import { scenarioNames } from "./attack/scenario.ts";
import { chosenScenarios } from "./attack/scenarios.ts";
import { type RuntimeName, runtimeNames } from "./container/runtime.ts";
import { limits } from "./limits.ts";
import { requireHere, requireSensor } from "./preflight.ts";
import { jsonReport, liveReport, plainReport, type Report } from "./report/report.ts";
import { type Simulation, simulate } from "./simulate.ts";
import { debianRootPath } from "./victim/victim-root.ts";

const help = `Usage: atalaya simulate --local [SCENARIO]... [options]

Attacks a web server of its own in a container on this machine, harmlessly and with real techniques, and waits for the
alert that each attack must raise. Needs root, a running hub (npm start) and its sensor on this machine.

Scenarios (default all):
  recon         reads the service account's token, asks what it may do, scans the network
  lateral-mov   asks the cloud's metadata service for credentials
  secrets       searches for credentials in files and variables, and reads them
  crypto        tunes the processor, prepares a rootkit's place, downloads and runs a "miner"
  webshell      gives one order through a web shell
  ti-domain     listed only: needs DNS events
  all           all of them

  --runtime runc|containerd   what runs the containers (default runc)
  --timeout SECONDS           how long an alert may take (default ${limits.alertMs / 1000})
  --json                      one object a line: scenario, alert, status, seconds, alert_id
  --data DIR                  the hub of this data folder
  --cache DIR                 where the victim's root is kept between runs
  --keep                      leaves containers and network for a look; the next run removes them

Exit status: 0 every alert came, 1 one was missed or an attack had no effect, 2 unusable arguments.

Examples:
  atalaya simulate --local all
  atalaya simulate --local crypto webshell --runtime containerd
  atalaya simulate --local all --json | jq 'select(.status == "missed")'
`;

const options = {
  local: { type: "boolean", default: false },
  runtime: { type: "string", default: "runc" },
  timeout: { type: "string", default: String(limits.alertMs / 1000) },
  json: { type: "boolean", default: false },
  data: { type: "string" },
  cache: { type: "string" },
  keep: { type: "boolean", default: false },
  help: { type: "boolean", short: "h", default: false },
} as const;

/** `atalaya simulate`: resolves with the exit status. Throws Fault USAGE for arguments that it cannot use. */
export async function simulateMain(args: string[]): Promise<number> {
  const { values, positionals } = readArguments(args);
  if (values.help) {
    process.stdout.write(help);
    return 0;
  }
  if (!values.local) throw usage("say where: --local attacks in containers on this machine");
  const scenarios = chosenScenarios(positionals.length === 0 ? ["all"] : positionals);
  const runtime = readRuntime(values.runtime);
  const timeoutMs = readSeconds(values.timeout) * 1000;
  for (const word of positionals) {
    if (word !== "all" && !scenarios.some((name) => name === word)) {
      throw usage(`there is no scenario “${word}”; there are ${scenarioNames.join(", ")} and all`);
    }
  }
  requireHere(runtime, existsSync(debianRootPath(values.cache)));
  const hub = connectHub(values.data);
  await requireSensor(hub);
  const stop = stopSignal();
  const simulation: Simulation = {
    hub,
    scenarios,
    runtime,
    timeoutMs,
    cacheFolder: values.cache,
    keep: values.keep,
    report: chooseReport(values.json, hub),
    say,
    signal: stop.signal,
  };
  try {
    return await simulate(simulation);
  } catch (error) {
    if (!stop.signal.aborted) throw error;
    say("stopped; everything is removed");
    return 130;
  } finally {
    stop.release();
  }
}

function readArguments(args: string[]) {
  try {
    return parseArgs({ args, options, allowPositionals: true, strict: true });
  } catch (error) {
    throw usage(error instanceof Error ? error.message.replace(/\. To specify.*/s, "") : "unusable arguments");
  }
}

function readRuntime(word: string): RuntimeName {
  const runtime = runtimeNames.find((name) => name === word);
  if (runtime === undefined) throw usage(`--runtime takes ${runtimeNames.join(" or ")}`);
  return runtime;
}

function readSeconds(word: string): number {
  const seconds = Number(word);
  if (word.trim() !== "" && seconds > 0 && seconds <= limits.alertSecondsMax) return seconds;
  throw usage(`--timeout takes seconds, up to ${limits.alertSecondsMax}`);
}

function usage(reason: string): Fault {
  return new Fault("USAGE", `${reason}. See: atalaya simulate --help`);
}

/** The hub in `--data`, else the one of `atalaya login`, else this machine's own: as every command finds it. */
function connectHub(data: string | undefined): HubClient {
  const configuration = join(process.env["XDG_CONFIG_HOME"] || join(homedir(), ".config"), "atalaya", "client.json");
  const own = join(process.env["XDG_DATA_HOME"] || join(homedir(), ".local", "share"), "atalaya", "client.json");
  const candidates = data === undefined ? [configuration, own] : [join(data, "client.json")];
  const file = candidates.find(existsSync);
  if (file !== undefined) return HubClient.fromFile(file);
  throw new Fault(
    "HUB_UNREACHABLE",
    `No hub is known here (looked in ${candidates.join(", ")}). Start one with: npm start`,
  );
}

function chooseReport(json: boolean, hub: HubClient): Report {
  const write = (text: string) => {
    process.stdout.write(text);
  };
  if (json) return jsonReport(write, (text) => process.stderr.write(text));
  const terminal = process.stdout.isTTY;
  const style = {
    colours: terminal && process.env["NO_COLOR"] === undefined,
    pageUrl: (id: string) => `${hub.url}/alerts/${encodeURIComponent(id)}`,
  };
  return terminal ? liveReport(write, style, () => process.stdout.columns) : plainReport(write, style);
}

/** Aborts at Ctrl-C and its like. More of them change nothing: the clean-up is already on its way. */
function stopSignal(): { signal: AbortSignal; release: () => void } {
  const controller = new AbortController();
  const names = ["SIGINT", "SIGTERM", "SIGHUP"] as const;
  const stop = () => {
    if (!controller.signal.aborted) say("stopping: removing containers, network and files");
    controller.abort();
  };
  for (const name of names) process.on(name, stop);
  const release = () => {
    for (const name of names) process.off(name, stop);
  };
  return { signal: controller.signal, release };
}

function say(line: string): void {
  process.stderr.write(`atalaya: ${line}\n`);
}
