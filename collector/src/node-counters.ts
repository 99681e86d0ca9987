import { summed } from "./account.ts";
import type { Handover } from "./handover.ts";
import type { recordKind } from "./kernel/layout.ts";
import type { Counter } from "./kernel-record.ts";
import type { KernelSource } from "./kernel-source.ts";
import type { RecordStream } from "./record-stream.ts";
import type { Window } from "./window.ts";

type Ring = "lifecycle" | "bulk";

/** Of each kind that the kernel counts; a snapshot is asked for, and goes through no ring. */
export const ringOfKind: Readonly<Record<string, Ring>> = {
  exec: "lifecycle",
  exec_failed: "lifecycle",
  fork: "lifecycle",
  exit: "lifecycle",
  namespace: "lifecycle",
  cgroup_mkdir: "lifecycle",
  cgroup_move: "lifecycle",
  exec_env: "lifecycle",
  open: "bulk",
  open_failed: "bulk",
  map: "bulk",
  connect: "bulk",
  send: "bulk",
  dns_query: "bulk",
  dns_answer: "bulk",
  call: "bulk",
  change: "bulk",
  dup: "bulk",
  bind: "bulk",
  listen: "bulk",
  accept: "bulk",
  socket: "bulk",
  unix_connect: "bulk",
  connect_failed: "bulk",
  receive: "bulk",
  sensor_signal: "lifecycle",
  sensor_bpf: "lifecycle",
} satisfies Record<Exclude<keyof typeof recordKind, "snapshot">, Ring>;

/**
 * The account of this node under its epoch: what the kernel side counted, what became of the records, and what is on
 * its way (`pending`), by kind of record. `kernel`: the kernel's counters, with nothing drained since. What is not there
 * is 0: most reasons never happen to most kinds, and this is sent again and again.
 */
export function nodeCounters(
  source: KernelSource,
  kernel: readonly Counter[],
  stream: RecordStream,
  window: Window,
  handover: Handover | undefined,
): Counter[] {
  // The kernel's counters before the rings: what is counted there and not in a ring has been drained and settled.
  const isQuiet = source.rings().every((ring) => ring.waitingBytes === 0);
  const { carried, tally, figures } = stream.account;
  const counters = [...carried, ...kernel, ...tally.letGoUnnamed(), ...tally.list(), ...figures.list()];
  counters.push(...pending(kernel, stream, window, isQuiet));
  if (handover !== undefined && !handover.hasEnded) {
    const { stream: earlier } = handover;
    counters.push(...handover.counters());
    if (handover.epoch !== undefined) counters.push(...pending(earlier.counters(), earlier, window, false));
  }
  return summed(counters.filter(({ value }) => value > 0));
}

/** Drained and unacknowledged; and, where a ring is not empty, what was submitted and is nowhere else. */
function pending(kernel: readonly Counter[], stream: RecordStream, window: Window, isQuiet: boolean): Counter[] {
  const settled = stream.account.tally;
  const waiting = window.of(stream).tally;
  const counters: Counter[] = [];
  for (const { class: kind, reason, value } of kernel) {
    if (reason !== "submitted" || ringOfKind[kind] === undefined) continue;
    const known = settled.total(kind) + waiting.total(kind);
    const inRing = isQuiet ? 0 : Math.max(0, value - known);
    counters.push({ class: kind, reason: "pending", value: inRing + waiting.total(kind) });
  }
  return counters.filter((one) => one.value > 0);
}
