import type { FilterPlan, ProgramState } from "@atalaya/wire";
import type { Counter, KernelRecord } from "./kernel-record.ts";

/**
 * The sensor's kernel side behind one face: programs loaded and attached, rings drained and decoded.
 * All calls are synchronous and short; one thread owns it.
 */
export type KernelSource = {
  /** Every program of every object, each probed alone. */
  readonly programs: readonly ProgramState[];
  /** 16 hexadecimal digits over the records' layout and the programs' version. */
  readonly layoutHash: string;
  /**
   * Takes what lies in a ring, oldest first, up to about `bytesMax`; the consumer position moves at `release`, not here.
   * `next` is the byte position after the last record taken; `undecodable` counts records that were refused.
   */
  drain(ring: "lifecycle" | "bulk", bytesMax?: number): { records: KernelRecord[]; next: number; undecodable: number };
  /** Gives the ring's space up to `position` back to the kernel. */
  release(ring: "lifecycle" | "bulk", position: number): void;
  /** Every process that runs now, as `snapshot` records, from the task iterator; from /proc where there is none. */
  snapshot(): KernelRecord[];
  /** Kernel counters summed over processors, per class and reason; they only grow. */
  counters(): Counter[];
  /** Bytes waiting in each ring, and its size. */
  rings(): { ring: "lifecycle" | "bulk"; waitingBytes: number; sizeBytes: number }[];
  /** Replaces what the kernel side lets through. */
  setFilterPlan(plan: FilterPlan): void;
  close(): void;
};

export type KernelOptions = {
  /** Folder with the built objects and addon.node (build/collector). */
  objectFolder: string;
  /** Processes whose events are never reported: our own. */
  ignorePids?: readonly number[];
};
