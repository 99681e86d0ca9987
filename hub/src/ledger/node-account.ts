import {
  countersOfReport,
  isCounted,
  type LedgerCounter,
  ledgerRows,
  type NodeLedger,
  nodeLedger,
  type PublisherReport,
  type SensorReport,
} from "@atalaya/wire";
import { pipelineLimits } from "../core/limits.ts";
import type { LedgerEntry } from "../pipeline/messages.ts";
import { CounterSum } from "./counter-sum.ts";
import { type Epoch, EpochBook, type StoredBook } from "./epoch-book.ts";
import { RecentGrowth } from "./recent-growth.ts";

export type NodeKey = { workspaceId: string; cluster: string; node: string };
/** What is written down of an account; what the hub itself counted is in the table `ledger`. */
export type StoredAccount = {
  collector: StoredBook;
  publisher: StoredBook;
  elsewhere: LedgerCounter[];
  reportedUs: number;
};

/**
 * The account of one node: what collector and publisher said last, by epoch, and what the hub committed, by the
 * stream (a pair of kernel rings) that it came from. Which streams are of which epoch is told by the collector's
 * reports: so an epoch that ended without a last report can be set apart instead of unbalancing the rest.
 */
export class NodeAccount {
  readonly of: NodeKey;
  readonly collector: EpochBook;
  readonly publisher: EpochBook;
  readonly #hub = new Map<string, CounterSum>();
  #elsewhere: CounterSum;
  #reportedUs: number;
  readonly #passed = new RecentGrowth(pipelineLimits.ledgerMovingMs);
  readonly #lost = new RecentGrowth(pipelineLimits.ledgerLostLatelyMs);
  readonly #folded: string[] = [];
  #heardCollector = false;
  #heardPublisher = false;
  /** Something is to be written down. */
  unsaved = false;

  constructor(of: NodeKey, stored?: StoredAccount) {
    this.of = of;
    this.collector = new EpochBook(["kernel", "collector"], stored?.collector);
    this.publisher = new EpochBook(["publisher"], stored?.publisher);
    this.#elsewhere = new CounterSum(stored?.elsewhere);
    this.#reportedUs = stored?.reportedUs ?? 0;
  }

  /** What the hub did with events of a stream, as it was committed. */
  counted(stream: string, { class: name, reason, n }: Pick<LedgerEntry, "class" | "reason" | "n">): void {
    let sum = this.#hub.get(stream);
    if (sum === undefined) {
      sum = new CounterSum();
      this.#hub.set(stream, sum);
    }
    sum.add({ class: name, reason, value: n });
  }

  collectorSaid(report: SensorReport, saidUs: number): void {
    const { counters, final = false, streams = [] } = report;
    // A collector that names no epoch counts anew at each start; its frames are not told apart by it.
    const name = report.epoch ?? `${report.boot_id} ${report.started_us}`;
    const { taken } = this.collector.take({ name, counters, final, streams, saidUs });
    this.#heardCollector = true;
    this.#said(taken);
    for (let old = this.collector.overdue; old !== undefined; old = this.collector.overdue) {
      this.collector.fold(old, this.#unreportedOf(old));
      for (const stream of old.streams) this.#foldStream(stream);
    }
    for (const stream of this.#unclaimed().slice(0, -pipelineLimits.looseStreamsMax)) {
      this.collector.unreported -= this.#committedOf(stream);
      this.#foldStream(stream);
    }
  }

  publisherSaid({ epoch: name, counters, now_us: saidUs }: PublisherReport): void {
    const { taken } = this.publisher.take({ name, counters, final: false, saidUs });
    this.#heardPublisher = true;
    this.#said(taken);
    for (let old = this.publisher.overdue; old !== undefined; old = this.publisher.overdue) {
      for (const one of old.counters) if (one.reason === "pending") one.reason = "unreported";
      this.publisher.fold(old, 0);
    }
    this.#findElsewhere();
  }

  #said(taken: boolean): void {
    if (!taken) return;
    this.#reportedUs = Date.now() * 1_000;
    this.unsaved = true;
    this.look();
  }

  /**
   * A commit is acknowledged before the publisher counts its delivery, so what was delivered beyond what this database
   * received went to a hub whose data it does not have.
   */
  #findElsewhere(): void {
    const received = ledgerRows("hub", this.#hubCounters());
    for (const { class: name, out } of ledgerRows("publisher", this.publisher.counters())) {
      const here = received.find((row) => row.class === name)?.in ?? 0;
      const more = out - here - this.#elsewhere.value(name, "elsewhere");
      if (more > 0) this.#elsewhere.add({ class: name, reason: "elsewhere", value: more });
    }
  }

  #hubCounters(): LedgerCounter[] {
    return new CounterSum([...this.#hub.values()].flatMap((sum) => sum.list())).list();
  }

  /** Epochs that ended without a last report; those whose streams are not known cannot be set apart. */
  #unreported(): number {
    const unclosed = this.collector.closed.filter((epoch) => !epoch.final && epoch.streams.length > 0);
    const unclaimed = this.#unclaimed().reduce((sum, stream) => sum + this.#committedOf(stream), 0);
    return unclosed.reduce((sum, epoch) => sum + this.#unreportedOf(epoch), this.collector.unreported - unclaimed);
  }

  #hasUnreported(): boolean {
    return this.collector.hasUnreported || this.#unclaimed().length > 0;
  }

  #unreportedOf(epoch: Epoch): number {
    if (epoch.final || epoch.streams.length === 0) return 0;
    const hub = epoch.streams.flatMap((stream) => this.#hub.get(stream)?.list() ?? []);
    const { kernel, collector } = countersOfReport(epoch.counters.filter(({ reason }) => reason !== "pending"));
    const { difference } = nodeLedger({ ...this.of, reportedUs: 0 }, { kernel, collector, publisher: [], hub });
    return difference;
  }

  /** Takes a look now and then, so that movement and loss are known by their time. */
  look(): NodeLedger {
    const ledger = this.#ledger();
    this.#passed.add(Math.max(ledger.submitted, ledger.committed));
    this.#lost.add(lostByName(ledger));
    return ledger;
  }

  ledger(): NodeLedger {
    const ledger = this.look();
    const passed = this.#passed.growth(Math.max(ledger.submitted, ledger.committed));
    const heard = this.#heardCollector && this.#heardPublisher;
    const moving = ledger.difference !== 0 && (!heard || Math.abs(ledger.difference) <= passed);
    return { ...ledger, moving, lost_lately: this.#lost.growth(lostByName(ledger)) };
  }

  #ledger(): NodeLedger {
    const { kernel, collector } = countersOfReport(this.collector.counters());
    const left = this.publisher.leftPending().map((one) => ({ ...one, reason: "unreported" }));
    const publisher = [...this.publisher.counters(), ...left];
    const hub = [...this.#hubCounters(), ...this.#elsewhere.list()];
    const { cluster, node } = this.of;
    const of = {
      cluster,
      node,
      reportedUs: this.#reportedUs,
      unreported: this.#unreported(),
      hasUnreported: this.#hasUnreported(),
    };
    return nodeLedger(of, { kernel, collector, publisher, hub });
  }

  /** What the hub counted, as the table `ledger` has it. */
  hubCountsByStream(): Omit<LedgerEntry, "node">[] {
    return [...this.#hub].flatMap(([stream, sum]) =>
      sum.list().map(({ class: name, reason, value: n }) => ({ stream, class: name, reason, n })),
    );
  }

  /** Adds a stream's counts to those of no stream, here now and in the table with the next save. */
  #foldStream(stream: string): void {
    for (const { class: name, reason, value } of this.#hub.get(stream)?.list() ?? [])
      this.counted("", { class: name, reason, n: value });
    this.#hub.delete(stream);
    this.#folded.push(stream);
    this.unsaved = true;
  }

  /** Streams that no report ever named: of epochs that began and ended without one. */
  #unclaimed(): string[] {
    // A collector that names none cannot be held to it.
    if ((this.collector.current?.streams.length ?? 0) === 0) return [];
    const claimed = new Set(this.collector.all.flatMap((epoch) => epoch.streams));
    return [...this.#hub.keys()].filter((stream) => stream !== "" && !claimed.has(stream));
  }

  #committedOf(stream: string): number {
    const counters = this.#hub.get(stream)?.list() ?? [];
    return counters.reduce((sum, one) => sum + (isCounted(one.class) && one.reason === "committed" ? one.value : 0), 0);
  }

  /** Streams whose counts were added to those of no stream since the last call. */
  takeFolded(): string[] {
    return this.#folded.splice(0);
  }

  stored(): StoredAccount {
    return {
      collector: this.collector.stored(),
      publisher: this.publisher.stored(),
      elsewhere: this.#elsewhere.list(),
      reportedUs: this.#reportedUs,
    };
  }
}

/** What ended with an epoch is known only roughly while its events still arrive: it is no news of the last minute. */
function lostByName({ lost, unreported = 0 }: NodeLedger): number {
  return lost - Math.max(0, unreported);
}
