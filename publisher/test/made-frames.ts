// Frames as a collector makes them.
import { randomBytes } from "node:crypto";
import { blankEvent, decodeFrames, EventEncoder, encodeFrame, type FrameHeader, rings } from "@atalaya/wire";

type Origin = Partial<Omit<FrameHeader, "version" | "class" | "eventCount" | "firstPosition" | "lastPosition">>;

/** One frame of `count` events whose first ring position is `position`. */
export function frame(
  position: number,
  name: "process" | "file" | "network" | "sensor" = "process",
  count = 1,
  origin: Origin = {},
): Buffer {
  const encoder = new EventEncoder();
  const activity = { process: "exec", file: "open", network: "connect", sensor: "report" }[name];
  for (let i = 0; i < count; i++) {
    const event = { ...blankEvent(name), activity, position: position + i, name: "sh", report: "{}" };
    encoder.add(event as unknown as Parameters<EventEncoder["add"]>[0]);
  }
  return encodeFrame(
    {
      class: name,
      ring: name === "sensor" ? rings.sensor : name === "process" ? rings.lifecycle : rings.bulk,
      eventCount: count,
      firstPosition: position,
      lastPosition: position + count - 1,
      firstTimeUs: 1,
      lastTimeUs: 2,
      bootId: "0".repeat(32),
      layoutHash: "1".repeat(16),
      node: "n",
      cluster: "c",
      containerId: "",
      workspace: "",
      ...origin,
    },
    encoder.bytes(),
  );
}

/** The same frame as a later version of ours would write it. */
export function newerFrame(position: number): Buffer {
  const bytes = Buffer.from(frame(position));
  bytes.writeUInt16LE(99, 4);
  return bytes;
}

/** A frame of one event whose body does not pack. */
export function noisyFrame(
  position: number,
  bytes: number,
  name: "process" | "file" = "process",
  origin: Origin = {},
): Buffer {
  const made = decodeFrames(frame(position, name, 1, origin));
  const first = made.ok ? made.value[0] : undefined;
  if (first === undefined) throw new Error("a frame that was just made is one");
  return encodeFrame(first.header, randomBytes(bytes));
}
