import type { ColumnType } from "./columns.ts";
import {
  type AtalayaEvent,
  classColumns,
  classNumbers,
  type EventClass,
  type InventoryEvent,
  laterParts,
} from "./event-classes.ts";
import { limits } from "./limits.ts";

/** Columns that share one bitmap. */
export type Part = { names: string[]; types: ColumnType[]; bitmapBytes: number };
type Plan = Part & { number: number; later: readonly Part[] };

export const columnPlans = Object.fromEntries(
  Object.entries(classColumns).map(([name, table]) => {
    const columns = Object.entries(table);
    const starts = (laterParts[name as EventClass] ?? []).map((first) => columns.findIndex(([one]) => one === first));
    const plan: Plan = {
      number: classNumbers[name as EventClass],
      ...partOf(columns.slice(0, starts[0])),
      later: starts.map((start, i) => partOf(columns.slice(start, starts[i + 1]))),
    };
    return [name, plan];
  }),
) as Record<EventClass, Plan>;

function partOf(columns: [string, ColumnType][]): Part {
  return {
    names: columns.map(([name]) => name),
    types: columns.map(([, type]) => type),
    bitmapBytes: (columns.length + 7) >> 3,
  };
}

const two32 = 4_294_967_296;
/** Units of a text that is written byte by byte; its length fits into one byte. */
const shortLength = 32;

/** A list that was written, and where. */
type Written = { values: readonly unknown[]; from: number; to: number };

/**
 * Writes events one after another into a buffer that grows by doubling and is reused.
 * Values outside their column's width are our bug and throw; strings beyond their limit are cut at a character.
 * A list that is the very one of an event before (a process' ancestors, its arguments) is copied from there: it must not be
 * changed between the two.
 */
export class EventEncoder {
  buffer: Buffer = Buffer.allocUnsafeSlow(64 * 1024);
  length = 0;
  /** By column: the last list. */
  readonly #lists: (Written | undefined)[] = [];

  reset(): void {
    this.length = 0;
    this.#lists.length = 0;
  }

  /** Appends one event; gives its size in bytes. Leaves nothing of one that throws. */
  add(event: AtalayaEvent | InventoryEvent): number {
    const start = this.length;
    try {
      return this.#add(event, start);
    } catch (error) {
      this.length = start;
      this.#lists.length = 0;
      throw error;
    }
  }

  #add(event: AtalayaEvent | InventoryEvent, start: number): number {
    const plan = columnPlans[event.class];
    const row = event as unknown as Record<string, unknown>;
    this.#room(6);
    this.length += 6;
    this.#part(plan, row);
    const { later } = plan;
    const parts =
      1 + later.findLastIndex(({ names }) => names.some((one) => row[one] !== null && row[one] !== undefined));
    for (let i = 0; i < parts; i++) this.#part(later[i] as Part, row);
    this.buffer.writeUInt32LE(this.length - start, start);
    this.buffer[start + 4] = plan.number;
    this.buffer[start + 5] = parts > 0 ? 1 : 0;
    return this.length - start;
  }

  /** A bitmap of the columns that are present, and their values. */
  #part({ names, types, bitmapBytes }: Part, row: Record<string, unknown>): void {
    this.#room(bitmapBytes);
    const bitmap = this.length;
    this.length += bitmapBytes;
    for (let i = bitmap; i < this.length; i++) this.buffer[i] = 0;
    for (let i = 0; i < names.length; i++) {
      const value = row[names[i] as string];
      if (value === null || value === undefined) continue;
      const at = bitmap + (i >> 3);
      this.buffer[at] = (this.buffer[at] as number) | (1 << (i & 7));
      const type = types[i] as ColumnType;
      if (type === "strs" || type === "u53s") this.#list(i, type, value as readonly unknown[]);
      else this.#value(type, value);
    }
  }

  #list(column: number, type: "strs" | "u53s", values: readonly unknown[]): void {
    const before = this.#lists[column];
    if (before !== undefined && before.values === values) {
      this.#room(before.to - before.from);
      this.buffer.copyWithin(this.length, before.from, before.to);
      this.length += before.to - before.from;
      return;
    }
    const from = this.length;
    if (type === "strs") this.#strings(values as readonly string[]);
    else this.#numbers(values as readonly number[]);
    this.#lists[column] = { values, from, to: this.length };
  }

  /** The bytes so far, as a view: copy what must outlive the next reset. */
  bytes(): Buffer {
    return this.buffer.subarray(0, this.length);
  }

  #value(type: Exclude<ColumnType, "strs" | "u53s">, value: unknown): void {
    if (typeof type !== "string") {
      const index = type.indexOf(value as string);
      if (index < 0) throw new RangeError(`not one of ${type.join(", ")}`);
      this.#room(1);
      this.buffer[this.length++] = index;
      return;
    }
    if (type === "str") this.#string(value as string);
    else if (type === "json") this.#json(value as string);
    else if (type === "u53") this.#u53(value as number);
    else this.#fixed(type, value);
  }

  #fixed(type: "u8" | "u16" | "u32" | "i32" | "bool", value: unknown): void {
    this.#room(4);
    if (type === "bool") this.buffer[this.length++] = value ? 1 : 0;
    else if (type === "u8") this.length = this.buffer.writeUInt8(value as number, this.length);
    else if (type === "u16") this.length = this.buffer.writeUInt16LE(value as number, this.length);
    else if (type === "u32") this.length = this.buffer.writeUInt32LE(value as number, this.length);
    else this.length = this.buffer.writeInt32LE(value as number, this.length);
  }

  #u53(value: number): void {
    if (!Number.isSafeInteger(value) || value < 0) throw new RangeError("not an unsigned safe integer");
    this.#room(8);
    this.#word(value >>> 0);
    this.#word(Math.floor(value / two32));
  }

  /** A 32-bit number that is known to be one, without the checks of Buffer; there is room for it. */
  #word(value: number): void {
    const { buffer, length } = this;
    buffer[length] = value;
    buffer[length + 1] = value >>> 8;
    buffer[length + 2] = value >>> 16;
    buffer[length + 3] = value >>> 24;
    this.length = length + 4;
  }

  #string(value: string): void {
    // UTF-8 takes at most 3 bytes a UTF-16 unit; cut to the limit first so that the room is bounded.
    this.#room(2 + Math.min(value.length * 3, limits.stringBytesMax));
    if (value.length <= shortLength && this.#ascii(value)) return;
    const end = Math.min(this.buffer.length, this.length + 2 + limits.stringBytesMax);
    // Buffer.write never writes half a character.
    const bytes = this.buffer.write(value, this.length + 2, end - this.length - 2, "utf8");
    this.buffer.writeUInt16LE(bytes, this.length);
    this.length += 2 + bytes;
  }

  /** Writes a short text of ASCII: a call of Buffer.write costs more than its bytes. False where it is none. */
  #ascii(value: string): boolean {
    const { buffer } = this;
    const from = this.length + 2;
    for (let i = 0; i < value.length; i++) {
      const unit = value.charCodeAt(i);
      if (unit > 0x7f) return false;
      buffer[from + i] = unit;
    }
    buffer[from - 2] = value.length;
    buffer[from - 1] = 0;
    this.length = from + value.length;
    return true;
  }

  #json(value: string): void {
    const bytes = Buffer.byteLength(value);
    if (bytes > limits.jsonBytesMax) throw new RangeError("json column over its limit");
    this.#room(4 + bytes);
    this.length = this.buffer.writeUInt32LE(bytes, this.length);
    this.length += this.buffer.write(value, this.length, "utf8");
  }

  #strings(values: readonly string[]): void {
    const count = this.#count(values.length);
    for (let i = 0; i < count; i++) this.#string(values[i] as string);
  }

  #numbers(values: readonly number[]): void {
    const count = this.#count(values.length);
    for (let i = 0; i < count; i++) this.#u53(values[i] as number);
  }

  /** Writes how many of a list follow. */
  #count(length: number): number {
    const count = Math.min(length, limits.listLengthMax);
    this.#room(2);
    this.length = this.buffer.writeUInt16LE(count, this.length);
    return count;
  }

  #room(bytes: number): void {
    const needed = this.length + bytes;
    if (needed <= this.buffer.length) return;
    const grown = Buffer.allocUnsafeSlow(Math.max(needed, this.buffer.length * 2));
    this.buffer.copy(grown, 0, 0, this.length);
    this.buffer = grown;
  }
}
