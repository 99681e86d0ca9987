import { classNumbers, decodeFrame, type FrameHeader } from "@atalaya/wire/framing";

export type RecordedFrame = { bytes: Buffer; header: FrameHeader };

/** Never events of the sensor itself, of an API server or of an inventory: they belong to no container. */
const recordedClasses = new Set<string>(["process", "file", "network", "dns", "kernel"]);

/** A frame that may be recorded: whole, of one container, of a class that containers have. */
export function readRecorded(bytes: Buffer, at = 0): (RecordedFrame & { next: number }) | undefined {
  const frame = decodeFrame(bytes, at);
  if (!frame.ok) return undefined;
  const { header, next } = frame.value;
  if (header.containerId === "" || !recordedClasses.has(header.class) || !(header.class in classNumbers))
    return undefined;
  return { bytes: bytes.subarray(at, next), header, next };
}

/** Frames that lie one after another; what comes behind one that is none is left out. */
export function splitRecorded(bytes: Buffer): RecordedFrame[] {
  const frames: RecordedFrame[] = [];
  for (let at = 0; at < bytes.length; ) {
    const frame = readRecorded(bytes, at);
    if (frame === undefined) break;
    frames.push(frame);
    at = frame.next;
  }
  return frames;
}
