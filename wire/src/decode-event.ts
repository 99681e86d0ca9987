import type { ColumnType } from "./columns.ts";
import { columnPlans, type Part } from "./encode-event.ts";
import { type AtalayaEvent, classNumbers, type EventClass, type InventoryEvent } from "./event-classes.ts";
import type { Result } from "./faults.ts";
import { limits } from "./limits.ts";

const classOfNumber = new Map<number, EventClass>(
  Object.entries(classNumbers).map(([name, number]) => [number, name as EventClass]),
);

/** The class name of a wire number, or undefined where this version does not know it. */
export function classByNumber(number: number): EventClass | undefined {
  return classOfNumber.get(number);
}

/**
 * A row of each class with every column null. Spread, it gives objects of one shape; built key by key, rows of so many
 * columns become dictionaries: seven times the memory, eight times the time.
 */
const blankRows = Object.fromEntries(
  Object.entries(columnPlans).map(([name, { names, later }]) => [
    name,
    blankRow(name, [names, ...later.map((part) => part.names)].flat()),
  ]),
) as Record<EventClass, Record<string, unknown>>;

function blankRow(name: string, columns: readonly string[]): Record<string, unknown> {
  const entries = [["class", name], ...columns.map((column) => [column, null])];
  // Parsed, not made from entries: only so it has the shape of a literal.
  return JSON.parse(JSON.stringify(Object.fromEntries(entries)));
}

const malformed = { ok: false, code: "EVENT_MALFORMED", reason: "an event's columns do not fit its length" } as const;

/**
 * Decodes events laid one after another (a frame's body). Hostile bytes become a value, never an exception:
 * every length is checked against what is left before it is used, and more than `eventsMax` are refused before they
 * are made. Columns that a newer version appended are skipped.
 */
export function decodeEvents(body: Uint8Array, eventsMax: number = limits.frameEventsMax): Result<AtalayaEvent[]> {
  return decode(body, eventsMax, (name) => name !== "inventory") as Result<AtalayaEvent[]>;
}

/** As decodeEvents, for a frame of the class `inventory`. */
export function decodeInventory(body: Uint8Array, eventsMax: number = limits.frameEventsMax): Result<InventoryEvent[]> {
  return decode(body, eventsMax, (name) => name === "inventory") as Result<InventoryEvent[]>;
}

function decode(body: Uint8Array, eventsMax: number, takes: (name: EventClass) => boolean): Result<unknown[]> {
  const bytes = Buffer.from(body.buffer, body.byteOffset, body.byteLength);
  const events: unknown[] = [];
  let at = 0;
  while (at < bytes.length) {
    if (bytes.length - at < 6) return malformed;
    if (events.length >= eventsMax)
      return { ok: false, code: "EVENT_MALFORMED", reason: `more than ${eventsMax} events` };
    const size = bytes.readUInt32LE(at);
    if (size < 6 || size > limits.eventBytesMax || size > bytes.length - at) return malformed;
    const name = classOfNumber.get(bytes[at + 4] as number);
    if (name === undefined || !takes(name))
      return { ok: false, code: "FRAME_CLASS", reason: "an event of a class that is not known here" };
    const event = new Reader(bytes, at + 6, at + size).event(name, bytes[at + 5] === 1);
    if (event === undefined) return malformed;
    events.push(event);
    at += size;
  }
  return { ok: true, value: events };
}

class Reader {
  readonly #bytes: Buffer;
  readonly #end: number;
  #at: number;
  #failed = false;

  constructor(bytes: Buffer, at: number, end: number) {
    this.#bytes = bytes;
    this.#at = at;
    this.#end = end;
  }

  event(name: EventClass, isLonger: boolean): unknown {
    const plan = columnPlans[name];
    const row = { ...blankRows[name] };
    this.#part(plan, row);
    // The mark stands for the second part; a third is there where the event goes on behind it.
    for (const [i, part] of isLonger ? plan.later.entries() : []) {
      if (!this.#failed && (i === 0 || this.#at < this.#end)) this.#part(part, row);
    }
    return this.#failed ? undefined : row;
  }

  #part({ names, types, bitmapBytes }: Part, row: Record<string, unknown>): void {
    const bitmap = this.#take(bitmapBytes);
    for (let i = 0; i < names.length && !this.#failed; i++) {
      const present = ((this.#bytes[bitmap + (i >> 3)] as number) >> (i & 7)) & 1;
      if (present) row[names[i] as string] = this.#value(types[i] as ColumnType);
    }
  }

  /** Reserves `size` bytes and gives their offset; 0 with the failed mark when they are not there. */
  #take(size: number): number {
    const at = this.#at;
    if (size > this.#end - at) {
      this.#failed = true;
      return 0;
    }
    this.#at = at + size;
    return at;
  }

  #value(type: ColumnType): unknown {
    if (typeof type !== "string") {
      const at = this.#take(1);
      const value = this.#failed ? undefined : type[this.#bytes[at] as number];
      // An activity that a newer version knows: not decodable here.
      if (value === undefined) this.#failed = true;
      return value;
    }
    if (type === "str") return this.#string();
    if (type === "strs") return this.#list(() => this.#string());
    if (type === "u53s") return this.#list(() => this.#u53());
    if (type === "json") return this.#json();
    if (type === "u53") return this.#u53();
    return this.#fixed(type);
  }

  #fixed(type: "u8" | "u16" | "u32" | "i32" | "bool"): number | boolean {
    const at = this.#take(type === "u8" || type === "bool" ? 1 : type === "u16" ? 2 : 4);
    if (this.#failed) return 0;
    if (type === "u32") return this.#bytes.readUInt32LE(at);
    if (type === "bool") return this.#bytes[at] !== 0;
    if (type === "u8") return this.#bytes[at] as number;
    if (type === "u16") return this.#bytes.readUInt16LE(at);
    return this.#bytes.readInt32LE(at);
  }

  #u53(): number {
    const at = this.#take(8);
    if (this.#failed) return 0;
    const value = this.#bytes.readUInt32LE(at + 4) * 4_294_967_296 + this.#bytes.readUInt32LE(at);
    if (!Number.isSafeInteger(value)) this.#failed = true;
    return value;
  }

  #string(): string {
    const prefix = this.#take(2);
    if (this.#failed) return "";
    const size = this.#bytes.readUInt16LE(prefix);
    const at = this.#take(size);
    return this.#failed ? "" : this.#bytes.toString("utf8", at, at + size);
  }

  #json(): string {
    const prefix = this.#take(4);
    if (this.#failed) return "";
    const size = this.#bytes.readUInt32LE(prefix);
    if (size > limits.jsonBytesMax) this.#failed = true;
    const at = this.#take(size);
    return this.#failed ? "" : this.#bytes.toString("utf8", at, at + size);
  }

  #list<T>(one: () => T): T[] {
    const prefix = this.#take(2);
    if (this.#failed) return [];
    const count = this.#bytes.readUInt16LE(prefix);
    if (count > limits.listLengthMax) this.#failed = true;
    const values: T[] = [];
    for (let i = 0; i < count && !this.#failed; i++) values.push(one());
    return values;
  }
}
