import { zstdCompressSync } from "node:zlib";
import { blankEvent, EventEncoder, encodeFrame, type ProcessEvent } from "@atalaya/wire";

export function execEvent(change: Partial<ProcessEvent> = {}): ProcessEvent {
  return { ...blankEvent("process"), activity: "exec", time_us: 1_000, position: 64, pid: 42, name: "sh", ...change };
}

/** One frame of process events, as a collector writes it. */
export function processFrame(events: readonly ProcessEvent[]): Buffer {
  const encoder = new EventEncoder();
  for (const event of events) encoder.add(event);
  return encodeFrame(
    {
      class: "process",
      ring: 0,
      eventCount: events.length,
      firstPosition: 64,
      lastPosition: 128,
      firstTimeUs: 1_000,
      lastTimeUs: 2_000,
      bootId: "00112233445566778899aabbccddeeff",
      layoutHash: "0011223344556677",
      node: "node-1",
      cluster: "local",
      containerId: "",
      workspace: "",
    },
    encoder.bytes(),
  );
}

export const packed = (bytes: Uint8Array) => zstdCompressSync(bytes);
