import { openSync, writeSync } from "node:fs";

// What the kubelet's probe reads (native/healthy.c): three times of CLOCK_MONOTONIC in milliseconds, 0 for never.
//
//   alive_ms event_ms taken_ms
//
// alive_ms: the sensor's loop went round. event_ms: the kernel's programs brought something. taken_ms: the publisher
// had something on its disk. Each probe starts a program, which is an event: where none is seen, the sensor is blind.

export type HealthTimes = { aliveMs: number; eventMs: number; takenMs: number };

/** The clock of the file: that of `clock_gettime(CLOCK_MONOTONIC)`, which no setting of the time moves. */
export function monotonicMs(): number {
  return Math.round(Number(process.hrtime.bigint() / 1_000n) / 1_000);
}

/** Says on disk how the sensor is; a disk that does not take it makes the probe fail, which is what it is for. */
export class HealthFile {
  readonly #handle: number | undefined;

  /** Without a path nothing is written. Throws what the disk throws. */
  constructor(path: string | undefined) {
    this.#handle = path === undefined ? undefined : openSync(path, "w", 0o644);
  }

  write({ aliveMs, eventMs, takenMs }: HealthTimes): void {
    if (this.#handle === undefined) return;
    // One write of one length over the last: a reader sees the old line or the new one.
    const line = [aliveMs, eventMs, takenMs].map((ms) => String(ms).padStart(15)).join(" ");
    try {
      writeSync(this.#handle, `${line}\n`, 0);
    } catch {
      // The probe sees that the line grows old.
    }
  }
}
