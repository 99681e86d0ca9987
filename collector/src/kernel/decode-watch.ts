import type { Task, WatchRecord } from "../kernel-record.ts";
import { layout, sizes } from "./layout.ts";
import { i32At, type RecordBytes, textAt, u32At } from "./record-bytes.ts";

type Base = { position: number; ring: "lifecycle" | "bulk"; bootUs: number; task: Task };

/** What was done to the sensor itself; undefined where the record has another length. */
export function watchFrom(
  kind: WatchRecord["kind"],
  from: RecordBytes,
  at: number,
  end: number,
  base: Base,
): WatchRecord | undefined {
  if (end - at !== sizes.watch_record) return undefined;
  const { watch_record: of } = layout;
  const nameAt = at + of.target;
  const zero = from.bytes.subarray(nameAt, end).indexOf(0);
  return {
    kind,
    position: base.position,
    ring: base.ring,
    bootUs: base.bootUs,
    task: base.task,
    number: u32At(from, at + of.number),
    error: i32At(from, at + of.error),
    targetPid: u32At(from, at + of.target_pid),
    target: textAt(from, nameAt, zero < 0 ? end : nameAt + zero),
  };
}
