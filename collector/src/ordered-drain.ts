import type { RingPositions } from "./account.ts";
import type { KernelRecord } from "./kernel-record.ts";
import type { Unread } from "./kernel-source.ts";
import type { RecordStream, RingOfRecords } from "./record-stream.ts";

type Chunk = {
  records: KernelRecord[];
  from: number;
  next: number;
  undecodable: Unread[];
  isCut: boolean;
  lastUs: number;
};

export type Taken = {
  /** Positions below which everything has been given out. */
  upTo: RingPositions;
  /** The kinds of those among it that could not be read. */
  undecodable: string[];
};

/**
 * The records of both rings in the order of their times, each ring's own order kept: an open must meet the program
 * that opened, not the one that ran before or after it. At equal times the life-cycle comes first.
 *
 * Where a ring holds more than a drain gives (a burst, what gathered while nobody read, or a record that a stopped processor
 * has not finished), the other ring is followed only up to the last time that was seen of it; what is newer waits here for
 * the next turn:
 *
 *     lifecycle  |=========|.......... still in the ring
 *     bulk       |=========|=====|     given out up to the bar; the rest waits
 */
export class OrderedDrain {
  readonly #stream: RecordStream;
  readonly #bytesMax: number;
  readonly #chunks: Record<RingOfRecords, Chunk>;

  constructor(stream: RecordStream, bytesMax: number) {
    this.#stream = stream;
    this.#bytesMax = bytesMax;
    const { lifecycle, bulk } = stream.account.accounted;
    this.#chunks = { lifecycle: emptyChunk(lifecycle), bulk: emptyChunk(bulk) };
  }

  /** Looks into the rings; false where there is nothing to give out, and all that the kernel had brought was given. */
  fill(): boolean {
    // Bulk before life-cycle: whatever a drained file event depends on is then already in the other ring.
    this.#fill("bulk");
    this.#fill("lifecycle");
    return this.hasLeft || !isEmpty(this.#chunks.lifecycle) || !isEmpty(this.#chunks.bulk);
  }

  /** Whether the last look left something behind in a ring. */
  get hasLeft(): boolean {
    return this.#chunks.lifecycle.isCut || this.#chunks.bulk.isCut;
  }

  /** Gives what can be given out now to `each`. */
  take(each: (record: KernelRecord) => void): Taken {
    const { lifecycle, bulk } = this.#chunks;
    const [untilLifecycle, untilBulk] = ends(lifecycle, bulk);
    while (bulk.from < untilBulk || lifecycle.from < untilLifecycle) {
      const one = lifecycle.from < untilLifecycle ? lifecycle.records[lifecycle.from] : undefined;
      const other = bulk.from < untilBulk ? bulk.records[bulk.from] : undefined;
      if (one !== undefined && (other === undefined || one.bootUs <= other.bootUs)) {
        lifecycle.from += 1;
        each(one);
      } else if (other !== undefined) {
        bulk.from += 1;
        each(other);
      }
    }
    const undecodable = [...takeUnread(lifecycle), ...takeUnread(bulk)];
    return { upTo: { lifecycle: position(lifecycle), bulk: position(bulk) }, undecodable };
  }

  #fill(ring: RingOfRecords): void {
    const before = this.#chunks[ring];
    if (before.from < before.records.length) {
      // What came since then lies in the ring.
      before.isCut = true;
      return;
    }
    const drained = this.#stream.drain(ring, this.#bytesMax);
    const lastUs = drained.records.at(-1)?.bootUs ?? before.lastUs;
    this.#chunks[ring] = { ...drained, from: 0, lastUs };
  }
}

function emptyChunk(next: number): Chunk {
  return { records: [], from: 0, next, undecodable: [], isCut: false, lastUs: 0 };
}

function isEmpty(chunk: Chunk): boolean {
  return chunk.from >= chunk.records.length && chunk.undecodable.length === 0;
}

function position(chunk: Chunk): number {
  return chunk.records[chunk.from]?.position ?? chunk.next;
}

/** The kinds of what could not be read and lies before what is given out next: it is settled with what was given out. */
function takeUnread(chunk: Chunk): string[] {
  if (chunk.undecodable.length === 0) return [];
  const end = position(chunk);
  const passed = chunk.undecodable.filter((one) => one.position < end);
  chunk.undecodable = chunk.undecodable.filter((one) => one.position >= end);
  return passed.map(({ kind }) => kind);
}

/** Up to which index each chunk may be given out now. */
function ends(lifecycle: Chunk, bulk: Chunk): [lifecycle: number, bulk: number] {
  const lastOf = ({ isCut, lastUs }: Chunk) => (isCut ? lastUs : Number.POSITIVE_INFINITY);
  const [ofLifecycle, ofBulk] = [lastOf(lifecycle), lastOf(bulk)];
  return [
    ofLifecycle <= ofBulk ? lifecycle.records.length : firstAfter(lifecycle, ofBulk),
    ofBulk <= ofLifecycle ? bulk.records.length : firstAfter(bulk, ofLifecycle),
  ];
}

function firstAfter(chunk: Chunk, bootUs: number): number {
  let at = chunk.from;
  while (at < chunk.records.length && (chunk.records[at] as KernelRecord).bootUs <= bootUs) at += 1;
  return at;
}
