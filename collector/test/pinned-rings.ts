// Rings as the kernel keeps them while processes come and go, made by hand; and a publisher's disk.
import {
  type AtalayaEvent,
  type EventClass,
  emptyFilterPlan,
  type FilterPlan,
  type Resume,
  rings,
} from "@atalaya/wire";
import type { RingName, StreamName } from "../src/frame-builder.ts";
import { MissedRuns } from "../src/kernel/missed-runs.ts";
import type { Counter, KernelRecord } from "../src/kernel-record.ts";
import type { EarlierPrograms, KernelSource } from "../src/kernel-source.ts";
import type { Outlet } from "../src/outlet.ts";

type Ring = "lifecycle" | "bulk";
export const bootId = "0".repeat(32);
/** Every record of `hand-made-records.ts` lies so far behind the one before. */
const stepBytes = 64;

/** What is pinned: records stay until released, the account and the counters outlive every process. */
export class PinnedRings {
  readonly ringId: string;
  readonly records: Record<Ring, KernelRecord[]> = { lifecycle: [], bulk: [] };
  readonly consumer: Record<Ring, number> = { lifecycle: 0, bulk: 0 };
  readonly produced: Record<Ring, number> = { lifecycle: 0, bulk: 0 };
  readonly submitted = new Map<string, number>();
  /** Records that cannot be read, by ring and position: their kind, or the ring where that is not known. */
  readonly #spoiled = new Map<string, string>();
  /** Of each program that is loaded: how often the kernel left it out. */
  readonly left = new Map<string, number>();
  account: Buffer | undefined;
  opened = 0;
  attached = true;
  gone = false;
  plan: FilterPlan = emptyFilterPlan;
  /** Thrown when an account is about to be written: the process is killed there. */
  killAtAccount = false;
  killAtRelease = false;

  constructor(ringId: string) {
    this.ringId = ringId;
  }

  put(...records: KernelRecord[]): void {
    if (!this.attached) return;
    for (const record of records) {
      this.records[record.ring].push(record);
      this.produced[record.ring] = record.position + stepBytes;
      this.submitted.set(record.kind, (this.submitted.get(record.kind) ?? 0) + 1);
    }
  }

  /** Something that cannot be read; `isUnknown`: of a kind that no name of ours stands for, under which the kernel counts it. */
  putSpoiled(record: KernelRecord, isUnknown = false): void {
    this.#spoiled.set(`${record.ring} ${record.position}`, isUnknown ? record.ring : record.kind);
    const before = this.submitted.get(record.kind) ?? 0;
    this.put(record);
    if (isUnknown) this.submitted.set(record.kind, before);
  }

  counters(): Counter[] {
    return [...this.submitted].map(([of, value]) => ({ class: of, reason: "submitted", value }));
  }

  /** A process opens them; another one's cursor is its own. */
  open(earlier?: EarlierPrograms, recordsMax = Number.POSITIVE_INFINITY): KernelSource {
    const adopted = this.opened > 0;
    this.opened += 1;
    return {
      ...this.reader(recordsMax),
      programs: [{ name: "made_by_hand", loaded: true, attached: true }],
      layoutHash: this.ringId,
      adopted,
      gapUs: 0,
      earlier,
      whenFilled: () => undefined,
      snapshot: () => [],
      throttled: () => [],
      nameOwnTask: () => undefined,
      lookAfter: () => ({ detached: [], unpinned: [] }),
      rings: () =>
        (["lifecycle", "bulk"] as const).map((ring) => {
          const waitingBytes =
            this.produced[ring] - Math.max(this.consumer[ring], this.records[ring][0]?.position ?? 0);
          return { ring, waitingBytes: this.records[ring].length === 0 ? 0 : waitingBytes, sizeBytes: 1 << 20 };
        }),
      recorded: { add: () => true, remove() {} },
      owners: { set: () => true, forget() {}, clear() {}, areStraysLost: false },
      enforced: { isPossible: true, add: () => true, remove() {}, renew() {}, release() {} },
      prepare: () => true,
      takeOff: () => true,
      setFilterPlan: (plan) => {
        this.plan = plan;
      },
      unpin: () => {
        this.gone = true;
      },
      close: () => {},
    };
  }

  asEarlier(readable = true): EarlierPrograms {
    return {
      ...this.reader(Number.POSITIVE_INFINITY, readable),
      readable,
      sameLayout: readable,
      detach: () => {
        this.attached = false;
        this.left.clear();
      },
      end: () => {
        this.gone = true;
      },
    };
  }

  private reader(recordsMax: number, readable = true) {
    const cursor = { ...this.consumer };
    const missed = new MissedRuns({ missed: (program) => this.left.get(program) ?? 0 });
    const look = () => {
      for (const program of this.left.keys()) missed.look(program, "open");
    };
    look();
    return {
      ringId: this.ringId,
      missed,
      counters: () => {
        if (this.attached) look();
        return readable ? [...this.counters(), ...missed.counters()] : [];
      },
      readAccount: () => this.account,
      writeAccount: (bytes: Uint8Array) => {
        if (this.killAtAccount) throw new Error("killed");
        this.account = Buffer.from(bytes);
      },
      drain: (ring: Ring) => {
        const drained = this.records[ring].filter((one) => one.position >= cursor[ring]).slice(0, recordsMax);
        const last = drained.at(-1);
        if (last !== undefined) cursor[ring] = last.position + stepBytes;
        const isCut = drained.length === recordsMax;
        const spoiled = ({ position }: KernelRecord) => this.#spoiled.get(`${ring} ${position}`);
        const records = drained.filter((one) => readable && spoiled(one) === undefined);
        const undecodable = drained
          .filter((one) => !records.includes(one))
          .map((one) => ({ position: one.position, kind: (readable ? spoiled(one) : undefined) ?? ring }));
        return { records, next: cursor[ring], undecodable, isCut };
      },
      release: (ring: Ring, position: number) => {
        if (this.killAtRelease) throw new Error("killed");
        if (position > cursor[ring]) throw new RangeError("never drained");
        this.consumer[ring] = Math.max(this.consumer[ring], position);
        this.records[ring] = this.records[ring].filter((one) => one.position >= position);
      },
    };
  }
}

type Stored = { ring: RingName; position: number; class: EventClass; layoutHash: string; event: AtalayaEvent };

/** A publisher: frames arrive in order, some are on its disk, and a new collector is told which. */
export class Disk {
  readonly stored: Stored[] = [];

  resume(): Resume {
    const last = new Map<string, Resume["streams"][number]>();
    for (const { ring, position, class: of, layoutHash } of this.stored) {
      const key = `${layoutHash} ${ring} ${of}`;
      const lastPosition = Math.max(position, last.get(key)?.lastPosition ?? 0);
      last.set(key, { bootId, layoutHash, ring: rings[ring], class: of, lastPosition });
    }
    return { streams: [...last.values()] };
  }

  of(...classes: EventClass[]): Stored[] {
    return this.stored.filter((one) => classes.includes(one.class));
  }
}

/** One process' outlet: a parcel for each class and ring, kept until it is stored. */
export class ParcelOutlet implements Outlet {
  readonly #names: Record<StreamName, string>;
  #open = new Map<string, Stored[]>();
  readonly parcels: Stored[][] = [];
  stored = 0;
  workspace = "";

  constructor(own: string, earlier = own) {
    this.#names = { own, earlier, sensor: "5".repeat(16) };
  }

  add(event: AtalayaEvent, ring: RingName, position: number, stream: StreamName): boolean {
    const key = `${stream} ${ring} ${event.class}`;
    const one = { ring, position, class: event.class, layoutHash: this.#names[stream], event };
    const open = this.#open.get(key);
    if (open === undefined) this.#open.set(key, [one]);
    else open.push(one);
    return true;
  }

  setWorkspace(workspace: string): void {
    this.workspace = workspace;
  }

  readonly recorded: AtalayaEvent[] = [];

  record(event: AtalayaEvent): boolean {
    this.recorded.push(event);
    return true;
  }

  ranBefore(): void {}

  setRecorder(): void {}

  flush(): { parcels: number; bytes: number } {
    const made = [...this.#open.values()];
    this.#open = new Map();
    this.parcels.push(...made);
    return { parcels: made.length, bytes: made.length };
  }

  /** Puts up to so many more parcels on the disk; gives how many are there in all. */
  store(disk: Disk, count: number): number {
    for (const parcel of this.parcels.slice(this.stored, this.stored + count)) {
      disk.stored.push(...parcel);
      this.stored += 1;
    }
    return this.stored;
  }
}
