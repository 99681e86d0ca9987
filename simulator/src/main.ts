import { existsSync } from "node:fs";
import { connectHub, type HubClient } from "@atalaya/wire/client";
import { help, readOptions } from "./arguments.ts";
import { chosenScenarios } from "./attack/scenarios.ts";
import { requireHere, requireSensor } from "./preflight.ts";
import { jsonReport, liveReport, plainReport, type Report } from "./report/report.ts";
import { type Simulation, simulate } from "./simulate.ts";
import { debianRootPath } from "./victim/victim-root.ts";

/** What a shell says of a program that Ctrl-C ended. */
const interrupted = 130;

/** `atalaya simulate`: resolves with the exit status. Throws Fault USAGE, SIMULATION_UNAVAILABLE, SIMULATION_FAILED, and the hub's. */
export async function simulateMain(args: string[]): Promise<number> {
  const options = readOptions(args);
  if (options === undefined) {
    process.stdout.write(`${help}\n`);
    return 0;
  }
  requireHere(options.runtime, existsSync(debianRootPath(options.cacheFolder)));
  const hub = connectHub(options.data);
  await requireSensor(hub);
  const report = chooseReport(options.json, hub);
  const stop = stopSignal(report);
  const simulation: Simulation = {
    hub,
    scenarios: chosenScenarios(options.words),
    runtime: options.runtime,
    timeoutMs: options.timeoutMs,
    cacheFolder: options.cacheFolder,
    keep: options.keep,
    report,
    signal: stop.signal,
  };
  try {
    return await simulate(simulation);
  } catch (error) {
    if (!stop.signal.aborted) throw error;
    report.progress("");
    report.news("stopped; everything is removed");
    return interrupted;
  } finally {
    stop.release();
  }
}

function chooseReport(json: boolean, hub: HubClient): Report {
  const write = (text: string) => void process.stdout.write(text);
  const complain = (text: string) => void process.stderr.write(text);
  if (json) return jsonReport(write, complain);
  const live = process.stdout.isTTY && process.env["TERM"] !== "dumb";
  const pageUrl = (id: string) => `${hub.url}/alerts/${encodeURIComponent(id)}`;
  const style = { colours: live && process.env["NO_COLOR"] === undefined, pageUrl };
  return live ? liveReport(write, style, () => process.stdout.columns || 80) : plainReport(write, complain, style);
}

/** Aborts at Ctrl-C and its like. More of them change nothing: the clean-up is already on its way. */
function stopSignal(report: Report): { signal: AbortSignal; release: () => void } {
  const controller = new AbortController();
  const names = ["SIGINT", "SIGTERM", "SIGHUP"] as const;
  const stop = () => {
    if (!controller.signal.aborted) report.news("stopping: removing containers, network and files");
    controller.abort();
  };
  for (const name of names) process.on(name, stop);
  const release = () => {
    for (const name of names) process.off(name, stop);
  };
  return { signal: controller.signal, release };
}
