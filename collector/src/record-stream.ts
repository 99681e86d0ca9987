import { type EventClass, type Resume, rings } from "@atalaya/wire";
import { Account, type RingPositions } from "./account.ts";
import type { KernelRecord } from "./kernel-record.ts";
import type { Drained, KernelSource } from "./kernel-source.ts";

export type RingOfRecords = (typeof ringNames)[number];
type Rings = Pick<
  KernelSource,
  "ringId" | "drain" | "release" | "counters" | "readAccount" | "writeAccount" | "missed"
>;

const ringNames = ["lifecycle", "bulk"] as const;

/** Until what was settled before is passed, in small bites: what lies there is given back unseen. */
const catchUpBytes = 64 * 1024;

/** A pair of rings with the account of its records: what an earlier process settled is not read again. */
export class RecordStream {
  readonly ringId: string;
  readonly account: Account;
  /** An account was there, and could not be read: what became of earlier records is not known. */
  readonly accountLost: boolean;
  readonly #rings: Rings;
  readonly #behind: Set<RingOfRecords>;
  /** By ring and class: the last position that is on the publisher's disk. */
  readonly #onDisk = { lifecycle: new Map<string, number>(), bulk: new Map<string, number>() };

  constructor(rings: Rings, epoch?: string) {
    this.#rings = rings;
    this.ringId = rings.ringId;
    const bytes = rings.readAccount();
    const kept = bytes === undefined ? undefined : Account.parse(bytes);
    this.accountLost = bytes !== undefined && kept === undefined;
    this.account = kept ?? Account.fresh(epoch);
    rings.missed.goOn(this.account.missed);
    const { accounted } = this.account;
    this.#behind = new Set(ringNames.filter((ring) => accounted[ring] > 0));
  }

  drain(ring: RingOfRecords, bytesMax: number): Drained {
    return this.#behind.has(ring) ? this.#catchUp(ring) : this.#rings.drain(ring, bytesMax);
  }

  counters() {
    return this.#rings.counters();
  }

  /** Writes the account down, then gives the rings' space back: killed in between, nothing is counted twice. */
  settle(upTo: RingPositions): void {
    const { accounted } = this.account;
    const moved = ringNames.filter((ring) => upTo[ring] > accounted[ring]);
    for (const ring of moved) accounted[ring] = upTo[ring];
    this.save();
    for (const ring of moved) this.#rings.release(ring, accounted[ring]);
  }

  save(): void {
    this.account.missed = this.#rings.missed.kept;
    this.#rings.writeAccount(this.account.bytes());
  }

  /** What the publisher has of these rings. */
  resume(bootId: string, streams: Resume["streams"]): void {
    for (const one of streams) {
      const ring = ringNames.find((name) => rings[name] === one.ring);
      if (one.bootId === bootId && one.layoutHash === this.ringId && ring !== undefined)
        this.#onDisk[ring].set(one.class, one.lastPosition);
    }
  }

  /** True where the publisher has the event of this record from an earlier process. */
  isOnDisk(record: KernelRecord, of: EventClass): boolean {
    const onDisk = this.#onDisk[record.ring];
    if (onDisk.size === 0) return false;
    const last = onDisk.get(of);
    if (last === undefined) return false;
    if (record.position <= last) return true;
    // Positions only grow: from here on all is new.
    onDisk.delete(of);
    return false;
  }

  #catchUp(ring: RingOfRecords): Drained {
    const floor = this.account.accounted[ring];
    for (;;) {
      const drained = this.#rings.drain(ring, catchUpBytes);
      const isEmpty = drained.records.length === 0 && drained.undecodable.length === 0;
      if (drained.next < floor && isEmpty) {
        // The account is ahead of its ring: it belongs to another. What the ring holds from here on is new.
        this.account.accounted[ring] = drained.next;
        this.#behind.delete(ring);
        return drained;
      }
      if (drained.next <= floor) {
        this.#rings.release(ring, drained.next);
        if (drained.next < floor) continue;
      }
      this.#behind.delete(ring);
      const records = drained.records.filter((record) => record.position >= floor);
      const undecodable = drained.undecodable.filter((record) => record.position >= floor);
      return { ...drained, records, undecodable };
    }
  }
}
