import type { KernelRecord } from "./kernel-record.ts";

/**
 * The records of both rings in the order of their times, each ring's own order kept: an open must meet the program
 * that opened, not the one that ran before or after it. At equal times the life-cycle comes first.
 */
export function* mergeByTime(
  lifecycle: readonly KernelRecord[],
  bulk: readonly KernelRecord[],
): Generator<KernelRecord> {
  let next = 0;
  for (const record of bulk) {
    for (let first = lifecycle[next]; first !== undefined && first.bootUs <= record.bootUs; first = lifecycle[next]) {
      yield first;
      next += 1;
    }
    yield record;
  }
  for (; next < lifecycle.length; next++) yield lifecycle[next] as KernelRecord;
}
