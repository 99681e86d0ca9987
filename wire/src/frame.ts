import { crc32 } from "node:zlib";
import { classByNumber } from "./decode-event.ts";
import { classNumbers, type EventClass } from "./event-classes.ts";
import type { Result } from "./faults.ts";
import { limits } from "./limits.ts";

// A frame: many events of one class from one ring. The body is opaque to the publisher.
//
//    0  u32  magic "ATLY"            4  u16  version          6  u8  class        7  u8  ring (0 life-cycle, 1 bulk, 2 sensor itself, 3 audit log, 4 inventory)
//    8  u32  event count            12  u32  body bytes      16  u32 crc32 of the body
//   20  u16  header bytes           22  u16  zero
//   24  u53  first position         32  u53  last position
//   40  u53  first time_us          48  u53  last time_us
//   56  16 bytes boot id            72  8 bytes layout hash
//   80  str node, str cluster, str container id, from version 2 on str workspace (u8 length each; container for the
//       recorder (see recorder.ts), workspace where it is known, else empty)
//   then the body
//
// Read are this version and the two before; a newer one is refused as FRAME_VERSION and stays with its sender.

export const frameMagic = 0x594c5441;
export const frameVersion = 3;
export const oldestFrameVersion = 1;
/** `audit` is no ring of the kernel's: positions in an audit log that a collector reads; nor is `inventory`: rows that an inventory counts. */
export const rings = { lifecycle: 0, bulk: 1, sensor: 2, audit: 3, inventory: 4 } as const;

export type FrameHeader = {
  version: number;
  class: EventClass;
  ring: number;
  eventCount: number;
  firstPosition: number;
  lastPosition: number;
  firstTimeUs: number;
  lastTimeUs: number;
  /** 32 hexadecimal digits. */
  bootId: string;
  /** 16 hexadecimal digits: the hash of the records' layout. */
  layoutHash: string;
  node: string;
  cluster: string;
  containerId: string;
  /** Empty where the sender does not know it (and in version 1): the credential's then. */
  workspace: string;
};
export type Frame = { header: FrameHeader; body: Buffer };

const fixedBytes = 80;

/** One frame as bytes. Throws RangeError on a header that breaks its own limits: that is our bug. */
export function encodeFrame(header: Omit<FrameHeader, "version">, body: Uint8Array): Buffer {
  const names = [header.node, header.cluster, header.containerId, header.workspace].map((name) =>
    Buffer.from(name).subarray(0, 255),
  );
  const headerBytes = names.reduce((sum, name) => sum + 1 + name.length, fixedBytes);
  if (headerBytes + body.length > limits.frameBytesMax) throw new RangeError("frame over its limit");
  // Memory of its own: its receiver may take it over. The body fills all of it behind the header.
  const out = Buffer.allocUnsafeSlow(headerBytes + body.length).fill(0, 0, headerBytes);
  out.writeUInt32LE(frameMagic, 0);
  out.writeUInt16LE(frameVersion, 4);
  out[6] = classNumbers[header.class];
  out[7] = header.ring;
  out.writeUInt32LE(header.eventCount, 8);
  out.writeUInt32LE(body.length, 12);
  out.writeUInt32LE(crc32(body), 16);
  out.writeUInt16LE(headerBytes, 20);
  const numbers = [header.firstPosition, header.lastPosition, header.firstTimeUs, header.lastTimeUs];
  for (const [i, value] of numbers.entries()) out.writeBigUInt64LE(BigInt(value), 24 + i * 8);
  out.write(header.bootId, 56, 16, "hex");
  out.write(header.layoutHash, 72, 8, "hex");
  let at = fixedBytes;
  for (const name of names) {
    out[at] = name.length;
    at += 1 + name.copy(out, at + 1);
  }
  out.set(body, at);
  return out;
}

const bad = (reason: string): Result<never> => ({ ok: false, code: "FRAME_MALFORMED", reason });

/** Reads the frame at `at`; gives it and where the next one starts. The body is a view of `bytes`. */
export function decodeFrame(bytes: Buffer, at = 0): Result<Frame & { next: number }> {
  const left = bytes.length - at;
  if (left < fixedBytes) return bad("shorter than a frame's header");
  if (bytes.readUInt32LE(at) !== frameMagic) return bad("does not start with the frame's mark");
  const version = bytes.readUInt16LE(at + 4);
  if (version > frameVersion)
    return { ok: false, code: "FRAME_VERSION", reason: `version ${version} is newer than ${frameVersion}` };
  if (version < oldestFrameVersion) return bad("its version is older than what is still read");
  const bodyBytes = bytes.readUInt32LE(at + 12);
  const headerBytes = bytes.readUInt16LE(at + 20);
  if (headerBytes < fixedBytes || bodyBytes > limits.frameBytesMax || headerBytes + bodyBytes > left)
    return bad("lengths do not fit");
  const name = classByNumber(bytes[at + 6] as number);
  if (name === undefined)
    return { ok: false, code: "FRAME_CLASS", reason: `event class ${bytes[at + 6]} is not known` };
  const eventCount = bytes.readUInt32LE(at + 8);
  if (eventCount > limits.frameEventsMax) return bad("more events than a frame may hold");
  const names = readNames(bytes.subarray(at + fixedBytes, at + headerBytes), version === 1 ? 3 : 4);
  const numbers = [24, 32, 40, 48].map((offset) => Number(bytes.readBigUInt64LE(at + offset)));
  if (names === undefined || !numbers.every(Number.isSafeInteger)) return bad("names or numbers do not fit");
  const next = at + headerBytes + bodyBytes;
  const body = bytes.subarray(at + headerBytes, next);
  if (crc32(body) !== bytes.readUInt32LE(at + 16)) return bad("the checksum does not match");
  const [firstPosition, lastPosition, firstTimeUs, lastTimeUs] = numbers as [number, number, number, number];
  const header: FrameHeader = {
    version,
    class: name,
    ring: bytes[at + 7] as number,
    eventCount,
    firstPosition,
    lastPosition,
    firstTimeUs,
    lastTimeUs,
    bootId: bytes.toString("hex", at + 56, at + 72),
    layoutHash: bytes.toString("hex", at + 72, at + 80),
    node: names[0],
    cluster: names[1],
    containerId: names[2],
    workspace: names[3] ?? "",
  };
  return { ok: true, value: { header, body, next } };
}

type Names = [node: string, cluster: string, containerId: string, workspace?: string];

function readNames(bytes: Buffer, count: number): Names | undefined {
  const names: string[] = [];
  let at = 0;
  for (let i = 0; i < count; i++) {
    const size = bytes[at];
    if (size === undefined || at + 1 + size > bytes.length) return undefined;
    names.push(bytes.toString("utf8", at + 1, at + 1 + size));
    at += 1 + size;
  }
  return names as Names;
}

/**
 * All frames laid one after another (an ingest body). Refuses the whole at the first that is wrong, and where there are
 * more frames, or by their headers more events, than one request may bring.
 */
export function decodeFrames(bytes: Buffer): Result<Frame[]> {
  const frames: Frame[] = [];
  let [at, events] = [0, 0];
  while (at < bytes.length) {
    const frame = decodeFrame(bytes, at);
    if (!frame.ok) return frame;
    events += frame.value.header.eventCount;
    if (frames.length === limits.ingestFramesMax || events > limits.ingestEventsMax)
      return { ok: false, code: "BODY_TOO_LARGE", reason: "more frames or events than one request may bring" };
    frames.push({ header: frame.value.header, body: frame.value.body });
    at = frame.value.next;
  }
  return { ok: true, value: frames };
}
