import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { TestContext } from "node:test";
import {
  type AtalayaEvent,
  blankEvent,
  decodeFrame,
  type EventClass,
  EventEncoder,
  encodeFrame,
  type Frame,
  type ProcessEvent,
  type SensorEvent,
  type SensorReport,
  type SyscallEvent,
} from "@atalaya/wire";
import { type HubCoreOptions, openHubCore } from "../../src/core/open-hub-core.ts";
import type { HubCore, SenderIdentity } from "../../src/hub-core.ts";

export const bootId = "00112233445566778899aabbccddeeff";
export const sender: SenderIdentity = {
  workspaceId: "main",
  credentialId: "sensor-1",
  cluster: "local",
  node: "node-1",
  mayAudit: false,
};

/** A rule that needs nothing of the packs: it fires on every exec named `evil`. */
export const evilRule = `
- rule: Evil Program
  desc: A program called evil was started
  condition: evt.type = execve and proc.name = evil
  output: Evil was run (command=%proc.cmdline container_id=%container.id)
  priority: Warning
  tags: [T1059]
  alert:
    title: { en: Evil program, es: Programa de autenticación maligno }
    summary: { en: "“%proc.cmdline” ran in %container.id", es: "«%proc.cmdline» se ejecutó en %container.id" }
    description: { en: It was evil., es: Era maligno. }
    severity: high
    attack: [{ id: T1059, name: Command and Scripting Interpreter, tactic: Execution }]
    triage: [{ en: "Look at %proc.cmdline", es: "Mire %proc.cmdline" }]
    blind_spots: []
    fold: [container.id]
`;

export function tempFolder(t: TestContext): string {
  const folder = mkdtempSync(join(tmpdir(), "atalaya-hub-"));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

export type TestHub = { hub: HubCore; folder: string; close(): Promise<void> };

/** A hub on a real database; closed when the test ends. */
export async function openTestHub(t: TestContext, options: Partial<HubCoreOptions> = {}): Promise<TestHub> {
  const folder = options.dataFolder ?? tempFolder(t);
  const builtIn = [{ path: "evil.yaml", text: evilRule, pack: "built-in" }];
  const hub = await openHubCore({
    dataFolder: folder,
    ruleFiles: [],
    node: "node-1",
    cluster: "local",
    version: "test",
    builtIn,
    ...options,
  });
  let closed: Promise<void> | undefined;
  const close = () => {
    closed ??= hub.close();
    return closed;
  };
  t.after(close);
  return { hub, folder, close };
}

let position = 0;
/** A process event with what the store needs; every one has the next position in its ring. */
export function processEvent(of: Partial<ProcessEvent>): ProcessEvent {
  position += 64;
  return {
    ...blankEvent("process"),
    activity: "exec",
    time_us: Date.now() * 1_000,
    position,
    pid: 100,
    tid: 100,
    start_us: 1_000,
    ppid: 1,
    parent_start_us: 1,
    uid: 0,
    name: "true",
    exe_path: "/bin/true",
    argv: ["true"],
    ancestor_pids: [1],
    ancestor_starts_us: [1],
    ancestor_names: ["init"],
    ancestor_exe_paths: ["/sbin/init"],
    ancestor_cmdlines: ["/sbin/init"],
    container_id: "c0ffee",
    ...of,
  };
}

/** What a collector says of itself, with nothing that happened in it. */
export function reportEvent(of: Partial<SensorReport>, timeUs = Date.now() * 1_000): SensorEvent {
  const report: SensorReport = {
    ...{ node: "node-1", boot_id: "b", version: "1", kernel: "6.18", started_us: 1, lag_us: 0, processes: 1 },
    ...{ containers: 0, memory_bytes: 1, cpu_us: 1, filters_version: 0, programs: [], counters: [], ...of },
  };
  return { ...blankEvent("sensor"), activity: "report", time_us: timeUs, report: JSON.stringify(report) };
}

export const evilExec = (of: Partial<ProcessEvent> = {}): ProcessEvent =>
  processEvent({ name: "evil", exe_path: "/tmp/evil", argv: ["evil", "--now"], ...of });

export type FrameOptions = Partial<{
  node: string;
  ring: number;
  bootId: string;
  layoutHash: string;
  containerId: string;
  firstPosition: number;
  lastPosition: number;
}>;

/** The frame that a collector would send: encoded and decoded by wire. */
export function frameOf(events: readonly AtalayaEvent[], options: FrameOptions = {}): Frame {
  const decoded = decodeFrame(frameBytes(events, options));
  if (!decoded.ok) throw new Error(decoded.reason);
  return { header: decoded.value.header, body: decoded.value.body };
}

export function frameBytes(events: readonly AtalayaEvent[], options: FrameOptions = {}): Buffer {
  const encoder = new EventEncoder();
  for (const event of events) encoder.add(event);
  const name: EventClass = events[0]?.class ?? "process";
  const positions = events.map((event) => (event as SyscallEvent).position ?? 0);
  const times = events.map((event) => event.time_us ?? 0);
  const header = {
    class: name,
    ring: options.ring ?? 0,
    eventCount: events.length,
    firstPosition: options.firstPosition ?? Math.min(...positions),
    lastPosition: options.lastPosition ?? Math.max(...positions),
    firstTimeUs: Math.min(...times),
    lastTimeUs: Math.max(...times),
    bootId: options.bootId ?? bootId,
    layoutHash: options.layoutHash ?? "0123456789abcdef",
    node: options.node ?? "node-1",
    cluster: "local",
    containerId: options.containerId ?? "",
    workspace: "",
  };
  return encodeFrame(header, encoder.bytes());
}
