// node publisher/bench/limited.ts [--seconds N] [--free] [--source DIR] [--profile DIR]
//
// The publisher as it ships in a control group of 200 MiB and 60m (or, with --free, of 200 MiB and a whole processor),
// at 2,000 events/s as a collector drains them, into a stand-in hub: processor time an event, bytes an event on disk,
// latency from the socket to the hub, ready time. Needs root.
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, readdirSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { parseArgs } from "node:util";
import { LimitedGroup } from "../../e2e/bench/limited-group.ts";
import { quantile } from "../../e2e/bench/measure.ts";
import { bundle } from "../../tools/bundle.mjs";
import { Authority } from "../test/stand-in-authority.ts";
import { StandInCollector } from "../test/stand-in-collector.ts";
import { StandInHub } from "../test/stand-in-hub.ts";
import { eventsPerTick, MadeLoad, tickMs } from "./made-load.ts";

const { values } = parseArgs({
  options: {
    seconds: { type: "string", default: "60" },
    free: { type: "boolean", default: false },
    away: { type: "boolean", default: false },
    profile: { type: "string" },
    bundle: { type: "string" },
  },
});
const seconds = Number(values.seconds);
const mebibyte = 1024 * 1024;
const print = (name: string, value: number, unit: string) =>
  process.stdout.write(`${name.padEnd(28)} ${value.toFixed(value < 10 ? 2 : 0).padStart(9)} ${unit}\n`);

const folder = mkdtempSync(join(tmpdir(), "atalaya-publisher-bench-"));
const group = new LimitedGroup(`atalaya-publisher-bench-${process.pid}`, 200 * mebibyte, values.free ? 1 : 0.06);
const authority = await Authority.make();
const hub = new StandInHub(authority);
hub.keepFrames = false;
const port = await hub.listen();
if (values.away) await hub.close();
await authority.enrol(join(folder, "identity"));
const bundled = values.bundle ?? (await bundle(join(folder, "bundle")));

const [shell = "sh", ...enter] = group.enter;
const flags =
  values.profile === undefined
    ? (process.env["FLAGS"]?.split(" ") ?? [])
    : ["--cpu-prof", "--cpu-prof-dir", values.profile];
const paths = ["--socket", join(folder, "s"), "--spool", join(folder, "spool"), "--identity", join(folder, "identity")];
const args = [...flags, join(bundled, "publisher/main.js"), ...paths, "--hub", `https://127.0.0.1:${port}`];
const startMs = performance.now();
const child = spawn(shell, [...enter, process.execPath, ...args], { stdio: ["ignore", "inherit", "inherit", "ipc"] });
await once(child, "message");
print("ready", performance.now() - startMs, "ms");
print("cpu_to_ready", group.figures().cpuUs / 1_000, "ms");

try {
  const collector = await StandInCollector.connect(join(folder, "s"));
  const sentMs = new Map<string, number>();
  const took: Record<string, number[]> = { process: [], file: [], network: [] };
  hub.reply = (frames) => {
    for (const { header } of frames) {
      const at = sentMs.get(`${header.class} ${header.firstPosition}`);
      if (at !== undefined) took[header.class]?.push(performance.now() - at);
    }
    return { status: 200, body: { accepted: frames.length, duplicates: 0 } };
  };
  const load = new MadeLoad();
  await sleep(3_000);
  const before = group.figures();
  const beginMs = performance.now();
  let ticks = 0;
  while (performance.now() - beginMs < seconds * 1_000) {
    while (ticks * tickMs < performance.now() - beginMs) {
      ticks++;
      const made = load.tick();
      for (const { name, position } of made) sentMs.set(`${name} ${position}`, performance.now());
      collector.send(...made.map((one) => one.bytes));
    }
    await sleep(5);
  }
  const after = group.figures();
  const events = ticks * eventsPerTick;
  await collector.until(() => collector.acknowledged === ticks * 3);
  if (!values.away) {
    const committed = () => [...hub.events.values()].reduce((sum, count) => sum + count, 0);
    await Promise.race([hub.until(() => committed() === events), sleep(20_000)]);
    print("events_missing", events - committed(), "events");
    for (const [name, list] of Object.entries(took)) {
      print(`${name}_p50`, quantile(list, 0.5), "ms");
      print(`${name}_p99`, quantile(list, 0.99), "ms");
    }
    print("requests", hub.requests.length / seconds, "a second");
    print("sent", hub.requests.reduce((sum, one) => sum + one.bytes, 0) / events, "bytes an event");
  }
  const disk = ["life", "bulk"].flatMap((lane) => {
    const inside = join(folder, "spool", lane);
    return readdirSync(inside).map((name) => statSync(join(inside, name)).size);
  });
  print("raw", load.rawBytes / events, "bytes an event");
  if (values.away) print("on_disk", disk.reduce((sum, bytes) => sum + bytes, 0) / events, "bytes an event");
  print("cpu", (after.cpuUs - before.cpuUs) / 1_000 / seconds, "m");
  print("cpu_an_event", (after.cpuUs - before.cpuUs) / events, "us");
  print(
    "throttled",
    ((after.throttledPeriods - before.throttledPeriods) / (after.periods - before.periods)) * 100,
    "%",
  );
  print("memory_max", after.memoryMaxBytes / mebibyte, "MiB");
  print("memory_but_cache", (after.memoryBytes - after.cacheBytes) / mebibyte, "MiB");
  print("oom_kills", after.oomKills, "kills");
} finally {
  const ended = once(child, "exit");
  child.kill("SIGTERM");
  await ended;
  await hub.close();
  group.remove();
  rmSync(folder, { recursive: true, force: true });
}
