import { posix } from "node:path";
import { type FileChange, fileChangeNumbers } from "../file-changes.ts";
import type { ChangeRecord, Task } from "../kernel-record.ts";
import { layout, recordFlag, sizes } from "./layout.ts";
import { i32At, type RecordBytes, textAt, u16At, u32At, u64At } from "./record-bytes.ts";

const byNumber: ReadonlyMap<number, FileChange> = new Map(
  Object.entries(fileChangeNumbers).map(([change, number]) => [number, change as FileChange]),
);
const withMode: ReadonlySet<FileChange> = new Set(["chmod", "mkdir"]);
const withFlags: ReadonlySet<FileChange> = new Set(["rename", "link", "chattr"]);

type Base = { position: number; ring: "lifecycle" | "bulk"; bootUs: number; task: Task };

/** Undefined where its lengths do not add up, or the change is none that we know. */
export function changeFrom(from: RecordBytes, at: number, end: number, base: Base): ChangeRecord | undefined {
  const { change_record: of } = layout;
  const pathAt = at + sizes.change_record;
  if (end < pathAt) return undefined;
  const otherAt = pathAt + u16At(from, at + of.path_length);
  if (otherAt + u16At(from, at + of.other_path_length) !== end) return undefined;
  const change = byNumber.get(u32At(from, at + of.call));
  if (change === undefined) return undefined;
  const flags = u32At(from, at + of.flags);
  const isCut = (flags & recordFlag.pathCut) !== 0;
  const other = textAt(from, otherAt, end);
  return {
    kind: "change",
    position: base.position,
    ring: base.ring,
    bootUs: base.bootUs,
    task: base.task,
    change,
    path: plainPath(textAt(from, pathAt, otherAt), isCut),
    otherPath: other === "" ? undefined : change === "symlink" ? other : plainPath(other, isCut),
    mode: withMode.has(change) ? u32At(from, at + of.mode) : undefined,
    changeFlags: withFlags.has(change) ? u32At(from, at + of.change_flags) : undefined,
    error: i32At(from, at + of.error),
    inode: u64At(from, at + of.inode),
    device: u32At(from, at + of.device),
    pathTrusted: (flags & recordFlag.pathTrusted) !== 0,
  };
}

/** Steps back and empty names taken out; a path whose head is missing does not look like an absolute one. */
function plainPath(text: string, isCut: boolean): string {
  if (text === "") return "";
  const path = posix.normalize(text);
  const plain = path.length > 1 && path.endsWith("/") ? path.slice(0, -1) : path;
  return isCut ? `…${plain}` : plain;
}
