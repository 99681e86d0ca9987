import { hostname } from "node:os";
import { zstdCompressSync } from "node:zlib";
import { blankEvent, EventEncoder, encodeFrame, type ProcessEvent } from "@atalaya/wire";

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

export const packed = (bytes: Uint8Array) => zstdCompressSync(bytes);
