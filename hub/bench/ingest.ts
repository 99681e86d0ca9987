import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import {
  type Actor,
  type AtalayaEvent,
  blankEvent,
  decodeFrame,
  type EventClass,
  EventEncoder,
  encodeFrame,
  type Frame,
  type SyscallEvent,
} from "@atalaya/wire";
import { openHubCore } from "../src/core/open-hub-core.ts";
import type { HubCore, SenderIdentity } from "../src/hub-core.ts";

// Events a second through the whole pipeline in one process (decode, duplicates, evaluation with the real packs, folding,
// commit on disk), and how long a sender waits for its acknowledgement. What is sent is a busy node's mix: of ten events
// five are of process life (fork, exec, exit), three of files, two of the network; one exec in two hundred is an attack.

export type IngestBench = { seconds: number; batchEvents: number; concurrency: number };
export type IngestFigures = { eventsPerSecond: number; eventsPerCpuSecond: number; p50Ms: number; p99Ms: number };

const sender: SenderIdentity = {
  ...{ workspaceId: "bench", credentialId: "bench", cluster: "bench", node: "node-1", mayAudit: false },
};
const programs = ["sh", "curl", "node", "grep", "sed", "cat", "python3", "date", "ls", "nginx"];
let serial = 0;
// So many lie in memory at once, about 700 bytes each.
const eventsPreparedMax = 400_000;

function actor(pid: number): Partial<Actor> {
  const container = (serial >> 8) % 20;
  return {
    time_us: Date.now() * 1_000,
    position: serial * 256,
    pid,
    tid: pid,
    start_us: pid * 1_000,
    exec_us: pid * 1_000,
    ppid: 1_000 + container,
    parent_start_us: 77_000,
    ns_pid: 12,
    session_id: 1,
    tty: 0,
    uid: 33,
    gid: 33,
    euid: 33,
    login_uid: 4_294_967_295,
    cap_effective: 0,
    mnt_ns: 1,
    pid_ns: 2,
    net_ns: 3,
    user_name: "www-data",
    name: programs[serial % programs.length] ?? "sh",
    exe_path: `/usr/bin/${programs[serial % programs.length]}`,
    cwd: "/var/www/html",
    argv: [programs[serial % programs.length] ?? "sh", "--flag", `value-${serial % 1_000}`, "/var/lib/app/file"],
    exe_upper_layer: false,
    exe_memfd: false,
    exe_deleted: false,
    from_snapshot: false,
    ancestor_pids: [1_000 + container, 900, 1],
    ancestor_starts_us: [77_000, 70_000, 1],
    ancestor_names: ["app-worker", "app", "containerd-shim"],
    ancestor_exe_paths: ["/usr/local/bin/app", "/usr/local/bin/app", "/usr/bin/containerd-shim-runc-v2"],
    ancestor_cmdlines: ["app: worker", "app --serve", "containerd-shim-runc-v2 -namespace k8s.io"],
    cgroup_id: 4_000 + container,
    container_id: `${container}`.padStart(4, "0").repeat(16),
    container_runtime: "containerd",
    container_name: `app-${container}`,
    container_image: "registry.example/app:1.2",
    k8s_namespace: "shop",
    k8s_pod: `app-${container}-x`,
    k8s_pod_uid: "7f0e2b1e-0000-4000-8000-000000000000",
  };
}

function next(kind: number): AtalayaEvent {
  serial += 1;
  const of = actor(10_000 + (serial >> 2));
  if (kind < 2) return { ...blankEvent("process"), ...of, activity: "fork" };
  if (kind < 4) {
    const attack =
      serial % 1_000 === 3 ? { name: "xmrig", argv: ["xmrig", "-o", "stratum+tcp://pool.example:3333"] } : {};
    return { ...blankEvent("process"), ...of, ...attack, activity: "exec", filename: of.exe_path ?? "", argc: 4 };
  }
  if (kind < 5) return { ...blankEvent("process"), ...of, activity: "exit", exit_code: 0 };
  if (kind < 8) return { ...blankEvent("file"), ...of, activity: "open", path: "/var/lib/app/secret", open_flags: 0 };
  return { ...blankEvent("network"), ...of, activity: "connect", protocol: "tcp", dst_ip: "10.0.0.7", dst_port: 443 };
}

/** One request, as a publisher would send it: a frame a class. */
function request(batchEvents: number): Frame[] {
  const byClass = new Map<EventClass, AtalayaEvent[]>();
  for (let i = 0; i < batchEvents; i++) {
    const event = next(i % 10);
    const together = byClass.get(event.class);
    if (together === undefined) byClass.set(event.class, [event]);
    else together.push(event);
  }
  return [...byClass].map(([name, events]) => frame(name, events as SyscallEvent[]));
}

const encoder = new EventEncoder();
function frame(name: EventClass, events: readonly SyscallEvent[]): Frame {
  encoder.reset();
  for (const event of events) encoder.add(event);
  const [first, last] = [events[0], events.at(-1)];
  const header = {
    class: name,
    ring: name === "process" ? 0 : 1,
    eventCount: events.length,
    firstPosition: first?.position ?? 0,
    lastPosition: last?.position ?? 0,
    firstTimeUs: first?.time_us ?? 0,
    lastTimeUs: last?.time_us ?? 0,
    bootId: "00112233445566778899aabbccddeeff",
    layoutHash: "0123456789abcdef",
    node: "bench-node",
    cluster: "bench",
    containerId: "",
    workspace: "",
  };
  const decoded = decodeFrame(encodeFrame(header, encoder.bytes()));
  if (!decoded.ok) throw new Error(decoded.reason);
  return { header: decoded.value.header, body: decoded.value.body };
}

const quantile = (sorted: readonly number[], q: number) =>
  sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * q))] ?? Number.NaN;

/** Sends what was prepared, in so many lanes at once, until it is used up or the time is over. */
async function send(hub: HubCore, prepared: Frame[][], { seconds, concurrency }: IngestBench) {
  const waitsMs: number[] = [];
  let events = 0;
  const started = performance.now();
  const lane = async () => {
    for (let frames = prepared.pop(); frames !== undefined; frames = prepared.pop()) {
      if (performance.now() - started > seconds * 1_000) return;
      const sent = performance.now();
      const { accepted } = await hub.ingest(frames, sender);
      events += accepted;
      waitsMs.push(performance.now() - sent);
    }
  };
  await Promise.all(Array.from({ length: concurrency }, lane));
  return { events, seconds: (performance.now() - started) / 1_000, waitsMs: waitsMs.sort((a, b) => a - b) };
}

/** Measures a hub of its own on a new database; requests are made before the clock starts. */
export async function benchIngest(of: IngestBench): Promise<IngestFigures> {
  const dataFolder = mkdtempSync(join(tmpdir(), "atalaya-bench-"));
  const hub = await openHubCore({ dataFolder, ruleFiles: [], node: "bench-node", cluster: "bench", version: "bench" });
  const requests = (events: number) =>
    Array.from({ length: Math.ceil(events / of.batchEvents) }, () => request(of.batchEvents)).reverse();
  try {
    // The first requests pay for compilation.
    await send(hub, requests(20_000), of);
    const prepared = requests(Math.min(eventsPreparedMax, of.seconds * 60_000));
    const before = process.cpuUsage();
    const { events, seconds, waitsMs } = await send(hub, prepared, of);
    const { user, system } = process.cpuUsage(before);
    const { alerts } = await hub.alertPage(sender.workspaceId, {});
    const matches = alerts.reduce((sum, alert) => sum + alert.count, 0);
    // A bench of rules that match nothing would flatter us.
    if (matches < events / 2_000) throw new Error(`of ${events} events only ${matches} raised an alert`);
    return {
      eventsPerSecond: events / seconds,
      eventsPerCpuSecond: events / ((user + system) / 1e6),
      p50Ms: quantile(waitsMs, 0.5),
      p99Ms: quantile(waitsMs, 0.99),
    };
  } finally {
    await hub.close();
    rmSync(dataFolder, { recursive: true, force: true });
  }
}

async function main(): Promise<void> {
  const { values } = parseArgs({
    options: {
      seconds: { type: "string", default: "5" },
      batch: { type: "string", default: "500" },
      concurrency: { type: "string", default: "2" },
    },
  });
  const of = {
    seconds: Number(values.seconds),
    batchEvents: Number(values.batch),
    concurrency: Number(values.concurrency),
  };
  const figures = await benchIngest(of);
  const line = (name: string, value: number, unit: string, target: string, ok: boolean) =>
    console.log(`${name}  ${value.toFixed(1)} ${unit}  ${target}  ${ok ? "ok" : "short"}`);
  const { eventsPerSecond, eventsPerCpuSecond, p50Ms, p99Ms } = figures;
  line("hub ingest, evaluated and committed", eventsPerSecond, "events/s", ">= 20000", eventsPerSecond >= 20_000);
  line("hub ingest per CPU-second", eventsPerCpuSecond, "events/s", ">= 20000", eventsPerCpuSecond >= 20_000);
  line("hub ingest acknowledgement p50", p50Ms, "ms", "<= 200", p50Ms <= 200);
  line("hub ingest acknowledgement p99", p99Ms, "ms", "<= 200", p99Ms <= 200);
}

if (import.meta.main) await main();
