import type { KernelRecord } from "../kernel-record.ts";
import type { Drained, Unread } from "../kernel-source.ts";
import type { Addon } from "./addon.ts";
import { decodeRecord, type RingName } from "./decode-record.ts";
import { counted } from "./kernel-counters.ts";
import { kernelLimits } from "./kernel-limits.ts";
import { layout, sizes } from "./layout.ts";
import { type RecordBytes, recordBytes, u16At, u32At, u64At } from "./record-bytes.ts";
import type { RecordTranslator } from "./translate-records.ts";

/** What the addon puts before each record: u32 length, u32 gap, u64 position in the ring. */
const outHeaderBytes = 16;

const countedKinds: ReadonlyMap<number, string> = new Map(counted.map(([kind, number]) => [number, kind]));

/** One ring: copies records out in one go, decodes them, gives the space back when told. */
export class Ring {
  readonly #addon: Addon;
  readonly #name: RingName;
  readonly #handle: number;
  #room = recordBytes(kernelLimits.drainBytesDefault);
  #refusedBefore = 0;
  readonly #translator: RecordTranslator | undefined;

  /** `map` is what the ring's map goes by, where that is not its name; `translator` where another build writes to it. */
  constructor(addon: Addon, name: RingName, map: string = name, translator?: RecordTranslator) {
    this.#addon = addon;
    this.#name = name;
    this.#translator = translator;
    this.#handle = addon.openRing(map);
  }

  drain(bytesMax: number = kernelLimits.drainBytesDefault): Drained {
    const wanted = Math.min(Math.max(bytesMax, kernelLimits.drainBytesMin), kernelLimits.drainBytesMax);
    if (wanted > this.#room.bytes.length) this.#room = recordBytes(wanted);
    const length = this.#addon.drain(this.#handle, this.#room.bytes.subarray(0, wanted));
    return this.#decode(this.#room, length);
  }

  #decode(from: RecordBytes, length: number): Drained {
    const records: KernelRecord[] = [];
    const [, , next, , refused, isCut] = this.#addon.ringState(this.#handle);
    // None of our programs wrote them, or nobody knows how many: they end where this drain does.
    const undecodable = Array.from({ length: refused - this.#refusedBefore }, () => this.#unread(next - 1));
    this.#refusedBefore = refused;
    let at = 0;
    while (at + outHeaderBytes <= length) {
      const size = u32At(from, at);
      const position = u64At(from, at + 8);
      const record = this.#record(from, at + outHeaderBytes, size, position);
      if (record !== undefined) records.push(record);
      else undecodable.push(this.#unread(position, this.#kindNumber(from, at + outHeaderBytes, size)));
      at += outHeaderBytes + ((size + 7) & ~7);
    }
    return { records, next, undecodable, isCut: isCut === 1 };
  }

  #record(from: RecordBytes, at: number, length: number, position: number): KernelRecord | undefined {
    if (this.#translator === undefined) return decodeRecord(from, at, length, position, this.#name);
    const translated = this.#translator.translate(from, at, length);
    return translated && decodeRecord(translated.from, 0, translated.length, position, this.#name);
  }

  #kindNumber(from: RecordBytes, at: number, length: number): number | undefined {
    if (this.#translator !== undefined) return this.#translator.kindNumber(from, at, length);
    return length < sizes.record_head ? undefined : u16At(from, at + layout.record_head.kind);
  }

  #unread(position: number, kindNumber?: number): Unread {
    return { position, kind: (kindNumber === undefined ? undefined : countedKinds.get(kindNumber)) ?? this.#name };
  }

  /** Takes records without a look inside: where in them their kind lies is not known, either. */
  skip(bytesMax: number = kernelLimits.drainBytesDefault): Drained {
    const { records, undecodable, ...drained } = this.drain(bytesMax);
    const unread = [...undecodable, ...records].map(({ position }) => this.#unread(position));
    return { ...drained, records: [], undecodable: unread };
  }

  release(position: number): void {
    this.#addon.release(this.#handle, position);
  }

  /** Bytes that the kernel cannot write to yet: not drained, or drained and not released. */
  fill(): { ring: RingName; waitingBytes: number; sizeBytes: number } {
    const [produced, released, , size] = this.#addon.ringState(this.#handle);
    return { ring: this.#name, waitingBytes: produced - released, sizeBytes: size };
  }
}
