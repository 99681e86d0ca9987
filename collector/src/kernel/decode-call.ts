import type { CallRecord, Task } from "../kernel-record.ts";
import { type RareCall, rareCallNumbers } from "../rare-calls.ts";
import { layout, recordFlag, sizes } from "./layout.ts";
import { type RecordBytes, textAt, u16At, u32At, u64At } from "./record-bytes.ts";

const byNumber: ReadonlyMap<number, RareCall> = new Map(
  Object.entries(rareCallNumbers).map(([call, number]) => [number, call as RareCall]),
);
/** Which have a text; of the others none is not an empty one. */
const withText: ReadonlySet<RareCall> = new Set([
  "pidfd_getfd",
  "memfd_create",
  "mount",
  "umount",
  "move_mount",
  "pivot_root",
  "chroot",
  ...(["add_key", "request_key", "init_module", "finit_module", "delete_module"] as const),
  ...(["fsopen", "fsconfig", "open_tree", "mount_setattr", "proc_mem_open"] as const),
]);
const argumentCount = 5;
const mountChangeBytes = 24;

type Base = { position: number; ring: "lifecycle" | "bulk"; bootUs: number; task: Task };

/** Undefined where its lengths do not add up, or the call is none that we know. */
export function callFrom(from: RecordBytes, at: number, end: number, base: Base): CallRecord | undefined {
  const { call_record: of } = layout;
  const textStart = at + sizes.call_record;
  if (end < textStart) return undefined;
  const textEnd = textStart + u16At(from, at + of.text_length);
  if (textEnd + u16At(from, at + of.value_length) !== end) return undefined;
  const call = byNumber.get(u32At(from, at + of.call));
  if (call === undefined) return undefined;
  const isRead = withText.has(call) && (u32At(from, at + of.flags) & recordFlag.readFault) === 0;
  return {
    kind: "call",
    position: base.position,
    ring: base.ring,
    bootUs: base.bootUs,
    task: base.task,
    call,
    arguments: Array.from({ length: argumentCount }, (_, i) => u64At(from, at + of.arguments + 8 * i)),
    result: u64At(from, at + of.result),
    text: isRead ? textAt(from, textStart, textEnd) : undefined,
    ...(textEnd < end && valueAt(call, from, textEnd, end)),
  };
}

/** What a mount call sets. It lies behind a text: where no word begins. */
function valueAt(
  call: RareCall,
  from: RecordBytes,
  at: number,
  end: number,
): Pick<CallRecord, "source" | "mountChange"> {
  if (call === "fsconfig") return { source: textAt(from, at, end) };
  if (call !== "mount_setattr" || end - at !== mountChangeBytes) return {};
  const [set = 0, clear = 0, propagation = 0] = [0, 8, 16].map((of) => Number(from.bytes.readBigUInt64LE(at + of)));
  return { mountChange: { set, clear, propagation } };
}
