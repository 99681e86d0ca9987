import type { SocketRecord, StreamKind, Task } from "../kernel-record.ts";
import { ipText } from "./ip-text.ts";
import { layout, recordFlag, sizes } from "./layout.ts";
import { i32At, type RecordBytes, textAt, u16At, u32At } from "./record-bytes.ts";

/** By the number of `enum stream_kind`. */
const kinds: readonly (StreamKind | undefined)[] = [
  undefined,
  "closed",
  "file",
  "directory",
  "tty",
  "null",
  "device",
  "pipe",
  "ipv4",
  "ipv6",
  "unix",
  "socket",
  "other",
];

/** Undefined where it is not known. */
export const streamKindOf = (number: number): StreamKind | undefined => kinds[number];

/** What standard input, output and error are; undefined where one is not known (a build that did not look). */
export function streamKinds(bytes: Buffer, at: number): readonly StreamKind[] | undefined {
  const [input, output, error] = [0, 1, 2].map((fd) => kinds[bytes[at + fd] as number]);
  return input === undefined || output === undefined || error === undefined ? undefined : [input, output, error];
}

type Base = { position: number; ring: "lifecycle" | "bulk"; bootUs: number; task: Task };

const inet = 2;
const inet6 = 10;

export function socketFrom(
  kind: SocketRecord["kind"],
  from: RecordBytes,
  at: number,
  end: number,
  base: Base,
): SocketRecord | undefined {
  const { socket_record: of } = layout;
  const pathAt = at + sizes.socket_record;
  if (end < pathAt || pathAt + u16At(from, at + of.path_length) !== end) return undefined;
  const family = u16At(from, at + of.family);
  const path = textAt(from, pathAt, end);
  const isCut = (u32At(from, at + of.flags) & recordFlag.pathCut) !== 0;
  return {
    kind,
    position: base.position,
    ring: base.ring,
    bootUs: base.bootUs,
    task: base.task,
    family,
    type: u16At(from, at + of.type),
    protocol: u16At(from, at + of.protocol),
    localIp: addressText(from.bytes, at + of.local, family),
    localPort: u16At(from, at + of.local_port),
    remoteIp: addressText(from.bytes, at + of.remote, family),
    remotePort: u16At(from, at + of.remote_port),
    path: isCut ? `…${path}` : path,
    result: i32At(from, at + of.result),
  };
}

/** Of a socket that listens everywhere the address is what "everywhere" is called. */
function addressText(bytes: Buffer, at: number, family: number): string | undefined {
  if (family === inet) return ipText(bytes, at, 4) || "0.0.0.0";
  return family === inet6 ? ipText(bytes, at, 6) || "::" : undefined;
}
