import { startTicks } from "./kernel/proc-snapshot.ts";
import type { KernelRecord } from "./kernel-record.ts";

const ownTicks = startTicks(process.pid);

/** Before a collector is known to the kernel as one of ours, it takes over what an earlier one left. */
export function isOwnDeed({ kind, task }: KernelRecord): boolean {
  return kind === "sensor_bpf" && task.nsPid === process.pid && Math.floor(task.startUs / 10_000) === ownTicks;
}
