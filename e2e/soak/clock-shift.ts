import { closeSync, openSync, writeSync } from "node:fs";
import { clockShiftLibrary } from "./native-parts.ts";

/** The wall clock of one process: it can be set while the process runs. The machine's own is not touched. */
export class ClockShift {
  readonly #file: string;
  /** For the process whose clock it is. */
  readonly env: Readonly<Record<string, string>>;

  constructor(file: string) {
    this.#file = file;
    this.set(0);
    this.env = { LD_PRELOAD: clockShiftLibrary(), CLOCK_SHIFT_FILE: file };
  }

  /** From now on the process' wall clock is so many seconds ahead of the machine's. */
  set(seconds: number): void {
    const bytes = Buffer.alloc(8);
    bytes.writeBigInt64LE(BigInt(seconds));
    // Written over in one piece: the process has the file mapped.
    const file = openSync(this.#file, "a");
    closeSync(file);
    const descriptor = openSync(this.#file, "r+");
    writeSync(descriptor, bytes, 0, bytes.length, 0);
    closeSync(descriptor);
  }
}
