import { hostname } from "node:os";
import { zstdCompressSync } from "node:zlib";
import { blankEvent, EventEncoder, encodeFrame, type ProcessEvent, rings } from "@atalaya/wire";

export function execEvent(change: Partial<ProcessEvent> = {}): ProcessEvent {
  return { ...blankEvent("process"), activity: "exec", time_us: 1_000, position: 64, pid: 42, name: "sh", ...change };
}

type Names = { node?: string; cluster?: string; workspace?: string };

/** One frame of process events, as the collector of this machine writes it. */
export function processFrame(events: readonly ProcessEvent[], names: Names = {}): Buffer {
  const encoder = new EventEncoder();
  const positions = events.length === 0 ? [64, 128] : events.map((event) => event.position ?? 64);
  for (const event of events) encoder.add(event);
  return encodeFrame(
    {
      class: "process",
      ring: 0,
      eventCount: events.length,
      firstPosition: Math.min(...positions),
      lastPosition: Math.max(...positions),
      firstTimeUs: 1_000,
      lastTimeUs: 2_000,
      bootId: "00112233445566778899aabbccddeeff",
      layoutHash: "0011223344556677",
      node: names.node ?? hostname(),
      cluster: names.cluster ?? "local",
      containerId: "",
      workspace: names.workspace ?? "",
    },
    encoder.bytes(),
  );
}

/** One record of an API server's audit log, as the collector of a control-plane node sends it. */
export function auditFrame(names: Names): Buffer {
  const encoder = new EventEncoder();
  encoder.add({ ...blankEvent("api"), activity: "request", time_us: 1_000, verb: "get", record: "{}", position: 90 });
  const span = { eventCount: 1, firstPosition: 90, lastPosition: 90, firstTimeUs: 1_000, lastTimeUs: 1_000 };
  const { node = hostname(), cluster = "local", workspace = "" } = names;
  const of = { bootId: "00".repeat(16), layoutHash: "a0d17f11e0000000", node, cluster, workspace, containerId: "" };
  return encodeFrame({ class: "api", ring: rings.audit, ...span, ...of }, encoder.bytes());
}

export const packed = (bytes: Uint8Array) => zstdCompressSync(bytes);
