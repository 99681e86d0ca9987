import type { Counter, KernelRecord } from "../kernel-record.ts";
import type { Addon } from "./addon.ts";
import { decodeRecord, type RingName } from "./decode-record.ts";
import { kernelLimits } from "./kernel-limits.ts";

/** What the addon puts before each record: u32 length, u32 gap, u64 position in the ring. */
const outHeaderBytes = 16;

/** One ring: copies records out in one go, decodes them, gives the space back when told. */
export class Ring {
  readonly #addon: Addon;
  readonly #name: RingName;
  readonly #handle: number;
  #buffer = Buffer.alloc(kernelLimits.drainBytesDefault);
  #refusedBefore = 0;

  constructor(addon: Addon, name: RingName) {
    this.#addon = addon;
    this.#name = name;
    this.#handle = addon.openRing(name);
  }

  drain(bytesMax: number = kernelLimits.drainBytesDefault): ReturnType<typeof this.decode> {
    const wanted = Math.min(Math.max(bytesMax, kernelLimits.drainBytesMin), kernelLimits.drainBytesMax);
    if (wanted > this.#buffer.length) this.#buffer = Buffer.alloc(wanted);
    const length = this.#addon.drain(this.#handle, this.#buffer.subarray(0, wanted));
    return this.decode(this.#buffer, length);
  }

  decode(bytes: Buffer, length: number): { records: KernelRecord[]; next: number; undecodable: number } {
    const records: KernelRecord[] = [];
    const [, , next, , refused] = this.#addon.ringState(this.#handle);
    let undecodable = refused - this.#refusedBefore;
    this.#refusedBefore = refused;
    let at = 0;
    while (at + outHeaderBytes <= length) {
      const size = bytes.readUInt32LE(at);
      const position = bytes.readUInt32LE(at + 8) + bytes.readUInt32LE(at + 12) * 4294967296;
      const record = decodeRecord(bytes, at + outHeaderBytes, size, position, this.#name);
      if (record === undefined) undecodable++;
      else records.push(record);
      at += outHeaderBytes + ((size + 7) & ~7);
    }
    return { records, next, undecodable };
  }

  release(position: number): void {
    this.#addon.release(this.#handle, position);
  }

  /** Bytes that the kernel cannot write to yet: not drained, or drained and not released. */
  fill(): { ring: RingName; waitingBytes: number; sizeBytes: number } {
    const [produced, released, , size] = this.#addon.ringState(this.#handle);
    return { ring: this.#name, waitingBytes: produced - released, sizeBytes: size };
  }

  counters(): Counter[] {
    return [{ class: this.#name, reason: "malformed", value: this.#addon.ringState(this.#handle)[4] }];
  }
}
