import { uptime } from "node:os";

/** A sleep of the machine makes boot time and monotonic time differ; less than this is the rounding of /proc/uptime. */
const uptimeGrainUs = 20_000;
const wallGrainUs = 2_000;

/**
 * Turns microseconds since boot (what the kernel's records carry) into microseconds of the epoch.
 * The distance is measured again at every `sync`: a clock that was set or slewed is followed within a second.
 */
export class BootClock {
  #sleptUs = 0;
  #offsetUs = 0;

  constructor() {
    this.sync();
  }

  sync(): void {
    const sleptUs = readUptimeUs() - monotonicUs();
    this.#sleptUs = Math.abs(sleptUs) < uptimeGrainUs ? 0 : Math.max(sleptUs, this.#sleptUs - uptimeGrainUs);
    const offsetUs = Date.now() * 1_000 + 500 - this.nowBootUs();
    // Date.now() has a grain of 1 ms: what is smaller than the grain is not a step, and the order of events is kept.
    if (Math.abs(offsetUs - this.#offsetUs) > wallGrainUs) this.#offsetUs = offsetUs;
  }

  nowBootUs(): number {
    return monotonicUs() + this.#sleptUs;
  }

  epochUs(bootUs: number): number {
    return Math.max(0, bootUs + this.#offsetUs);
  }
}

function monotonicUs(): number {
  return Math.floor(Number(process.hrtime.bigint()) / 1_000);
}

function readUptimeUs(): number {
  try {
    return Math.round(uptime() * 1_000_000);
  } catch {
    return monotonicUs();
  }
}
