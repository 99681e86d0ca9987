import type { KernelRecord } from "../kernel-record.ts";
import type { Addon } from "./addon.ts";
import { decodeRecord } from "./decode-record.ts";
import { kernelLimits } from "./kernel-limits.ts";
import { sizes } from "./layout.ts";
import { procArguments, procSnapshot } from "./proc-snapshot.ts";
import { recordBytes } from "./record-bytes.ts";

/** Every process of user space that runs now: by the task iterator, or from /proc where none could be loaded. */
export function takeSnapshot(addon: Addon, iterator: string | undefined): KernelRecord[] {
  if (iterator === undefined) return procSnapshot();
  const bytes = addon.iterate(iterator);
  const room = recordBytes(kernelLimits.snapshotRecordBytesMax);
  const records: KernelRecord[] = [];
  let at = 0;
  while (at + sizes.record_head <= bytes.length) {
    const size = bytes.readUInt32LE(at);
    if (size < sizes.record_head || size > room.bytes.length || at + size > bytes.length) break;
    // The iterator writes one after the other, unaligned.
    bytes.copy(room.bytes, 0, at, at + size);
    const record = decodeRecord(room, 0, size, 0, "lifecycle");
    if (record !== undefined) records.push(completed(record));
    at += size;
  }
  return records;
}

/** Where the iterator could not read the arguments (before Linux 5.18, or paged out), /proc can. */
function completed(record: KernelRecord): KernelRecord {
  if (record.kind !== "snapshot" || record.argv.length > 0 || record.argsBytesTotal === 0) return record;
  const argv = procArguments(record.task.pid);
  return { ...record, argv, argc: argv.length, argsTruncated: argv.length === 0 };
}
