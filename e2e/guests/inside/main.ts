// The program of every guest: starts the real collector, does things, compares, and says one result by the serial line.
import { readFileSync, writeSync } from "node:fs";
import { release } from "node:os";
import { emptyFilterPlan, type FilterPlan } from "@atalaya/wire";
import { rareCalls } from "../../../collector/src/rare-calls.ts";
import { type GuestResult, missingPrograms, resultMark, runningPrograms } from "../guest-result.ts";
import { attributionChecks } from "./attribution.ts";
import { blockingChecks, permitFile } from "./blocking.ts";
import { callChecks } from "./calls.ts";
import { changeChecks } from "./changes.ts";
import { runChecks } from "./check.ts";
import { costs } from "./costs.ts";
import { driftChecks } from "./drift.ts";
import { executionChecks } from "./executions.ts";
import { fileChecks } from "./files.ts";
import { ca, GuestWatch } from "./guest-watch.ts";
import { lifeChecks } from "./life.ts";
import { moduleChecks } from "./modules.ts";
import { networkChecks } from "./network.ts";
import { pinChecks } from "./pins.ts";
import { recorderChecks } from "./recorder.ts";
import { sensorChecks } from "./sensor.ts";
import { socketChecks } from "./sockets.ts";
import { thirtyTwoChecks } from "./thirty-two.ts";
import { uringChecks } from "./uring.ts";

/** Asks for something of every program: what does not run is refused. */
const plan: FilterPlan = {
  ...emptyFilterPlan,
  version: 1,
  open_names: ["secret-file"],
  write_prefixes: ["/tmp/written/"],
  exec_names: ["modprobe-absent", "not-executable"],
  dns_domains: ["bad.atalaya.test"],
  listed_changes: ["rename", "link", "symlink", "unlink", "mkdir", "rmdir", "chmod", "chattr"],
  change_names: ["changed-file"],
  change_prefixes: ["/tmp/written/"],
  calls: [
    ...["cgroup_move", "sensor_signal", "sensor_bpf"],
    "dup",
    "bind",
    "listen",
    "accept",
    "socket",
    "unix_connect",
    "connect_failed",
    "receive",
    "dns_answer",
    "sensor_signal",
    "sensor_bpf",
    ...rareCalls,
  ],
};

const checks = [
  ...executionChecks,
  ...lifeChecks,
  ...fileChecks,
  ...changeChecks,
  ...networkChecks,
  ...socketChecks,
  ...callChecks,
  ...thirtyTwoChecks,
  ...moduleChecks, // before anything is mounted with it
  ...driftChecks,
  ...blockingChecks,
  ...uringChecks,
  ...attributionChecks,
  ...recorderChecks,
  ...sensorChecks,
  ...pinChecks, // last: they end the collector
];

const bootSeconds = Number(readFileSync("/proc/uptime", "latin1").split(" ")[0]);
const watch = await GuestWatch.listen(plan);
const unwatched = costs("not watched");
const { programs } = await watch.start(["--ca", ca.certificate, "--enforce", permitFile]);
for (const { name, reason } of programs) if (reason !== undefined) console.error(`guest: ${name}: ${reason}`);
const running = runningPrograms(programs);
const instructions = { ...unwatched, ...costs("watched") };
console.error(`guest: instructions: ${JSON.stringify(instructions)}`);
const done = await runChecks(checks, watch, running);
const result: GuestResult = {
  release: release(),
  architecture: process.arch === "x64" ? "amd64" : process.arch,
  boot_seconds: bootSeconds,
  lsms: readLsms(),
  programs,
  missing: missingPrograms(programs),
  checks: done,
  instructions,
  events: [...watch.found].toSorted(),
  seconds: 0,
  sources: "",
};
writeSync(1, `\n${resultMark}${JSON.stringify(result)}\n`);
process.exit();

/** The kernel's list; "" where securityfs is not there. */
function readLsms(): string {
  try {
    return readFileSync("/sys/kernel/security/lsm", "latin1").trim();
  } catch {
    return "";
  }
}
