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
    return this.collector.unreported + unclosed.reduce((sum, epoch) => sum + this.#unreportedOf(epoch), 0);
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
    this.#lost.add(ledger.lost);
    return ledger;
  }

  ledger(): NodeLedger {
    const ledger = this.look();
    const passed = this.#passed.growth(Math.max(ledger.submitted, ledger.committed));
    const heard = this.#heardCollector && this.#heardPublisher;
    const moving = ledger.difference !== 0 && (!heard || Math.abs(ledger.difference) <= passed);
    return { ...ledger, moving, lost_lately: this.#lost.growth(ledger.lost) };
  }

  #ledger(): NodeLedger {
    const { kernel, collector } = countersOfReport(this.collector.counters());
    const left = this.publisher.leftPending().map((one) => ({ ...one, reason: "unreported" }));
    const publisher = [...this.publisher.counters(), ...left];
    const hub = [...this.#hubCounters(), ...this.#elsewhere.list()];
    const { cluster, node } = this.of;
    const of = { cluster, node, reportedUs: this.#reportedUs, unreported: this.#unreported() };
    return nodeLedger(of, { kernel, collector, publisher, hub });
  }

  /** The hub's own counters, for figures. */
  hubCounters(): LedgerCounter[] {
    return this.#hubCounters().filter(({ class: name }) => isCounted(name) || name === "sensor" || name === "api");
  }

  /** Streams of no epoch that is kept apart: their counts need not be either. Gives them, joined under no name. */
  foldStreams(): string[] {
    const kept = new Set([...this.collector.closed, this.collector.current].flatMap((epoch) => epoch?.streams ?? []));
    const loose = [...this.#hub.keys()].filter((stream) => stream !== "" && !kept.has(stream));
    const folded = loose.slice(0, Math.max(0, loose.length - pipelineLimits.looseStreamsMax));
    for (const stream of folded) {
      for (const { class: name, reason, value } of this.#hub.get(stream)?.list() ?? [])
        this.counted("", { class: name, reason, n: value });
      this.#hub.delete(stream);
    }
    return folded;
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
