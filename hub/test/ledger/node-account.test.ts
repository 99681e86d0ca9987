import assert from "node:assert/strict";
import { test } from "node:test";
import type { LedgerCounter, NodeLedger, SensorReport } from "@atalaya/wire";
import fc from "fast-check";
import { NodeAccount, type StoredAccount } from "../../src/ledger/node-account.ts";
import { publisherReport } from "../served-hub.ts";

const of = { workspaceId: "main", cluster: "local", node: "n-1" };

/** What a node does, as the truth that no single part knows: the account must agree with it. */
class Truth {
  account = new NodeAccount(of);
  epoch = 0;
  publisherEpoch = 0;
  submitted = 0;
  handedOn = 0;
  lost = 0;
  spooled = 0;
  received = 0;
  delivered = 0;
  givenUp = 0;
  saidUs = 0;
  lastReports: SensorReport[] = [];

  report(final = false): SensorReport {
    const counters: LedgerCounter[] = [
      { class: "exec", reason: "attempted", value: this.submitted + this.lost },
      { class: "exec", reason: "submitted", value: this.submitted },
      { class: "exec", reason: "ring_full", value: this.lost },
      { class: "exec", reason: "handed_on", value: this.handedOn },
      { class: "exec", reason: "pending", value: this.submitted - this.handedOn },
    ];
    return {
      ...{ node: of.node, boot_id: "b", version: "1", kernel: "6", started_us: 1, lag_us: 0, processes: 1 },
      ...{ containers: 0, memory_bytes: 1, cpu_us: 1, filters_version: 0, programs: [], counters, final },
      ...{ epoch: `e${this.epoch}`, streams: [`s${this.epoch}`] },
    };
  }

  collectorSays(final = false): void {
    this.saidUs += 1;
    const report = this.report(final);
    this.lastReports.push(report);
    this.account.collectorSaid(report, this.saidUs);
  }

  publisherSays(): void {
    this.saidUs += 1;
    const value = (reason: string, n: number) => ({ class: "process", reason, value: n });
    const counters = [
      value("received", this.received),
      value("delivered", this.delivered),
      value("given_up", this.givenUp),
      value("pending", this.spooled),
    ];
    const report = publisherReport({ epoch: `p${this.publisherEpoch}`, counters, now_us: this.saidUs });
    this.account.publisherSaid(report);
  }

  submit(n: number): void {
    this.submitted += n;
  }

  lose(n: number): void {
    this.lost += n;
  }

  /** Everything that is on its way arrives, and both say so. */
  settle(): NodeLedger {
    this.handOn(this.submitted - this.handedOn);
    this.deliver(this.spooled);
    this.collectorSays();
    this.publisherSays();
    return this.account.ledger();
  }

  handOn(n: number): void {
    const some = Math.min(n, this.submitted - this.handedOn);
    this.handedOn += some;
    this.received += some;
    this.spooled += some;
  }

  deliver(n: number): void {
    const some = Math.min(n, this.spooled);
    this.spooled -= some;
    this.delivered += some;
    this.commit("received", some);
    this.commit("committed", some);
  }

  /** The hub had it already: an acknowledgement was lost. */
  deliverTwice(n: number): void {
    this.commit("received", n);
    this.commit("duplicate", n);
  }

  commit(reason: string, n: number): void {
    if (n > 0) this.account.counted(`s${this.epoch}`, { class: "process", reason, n });
  }

  giveUp(n: number): void {
    const some = Math.min(n, this.spooled);
    this.spooled -= some;
    this.givenUp += some;
  }

  /** The rings are gone with what was in them. Said or not, the next epoch counts from zero. */
  newEpoch(said: boolean): void {
    // One report at least: an epoch that nobody heard of has left nothing but what was committed of it (tested below).
    this.collectorSays();
    // What was handed on is the publisher's now; it is delivered as of its epoch.
    this.handOn(this.submitted - this.handedOn);
    this.deliver(this.spooled);
    if (said) this.collectorSays(true);
    this.epoch += 1;
    this.submitted = this.handedOn = this.lost = 0;
    this.collectorSays();
  }

  /** The hub is killed and starts again: its counts are in the database, the rest was written down a while ago. */
  hubRestarts(): void {
    const counts = this.account.hubCountsByStream();
    const stored = JSON.parse(JSON.stringify(this.account.stored())) as StoredAccount;
    this.account = new NodeAccount(of, stored);
    for (const { stream, ...one } of counts) this.account.counted(stream, one);
  }
}

type Step = (truth: Truth) => void;
const n = fc.integer({ min: 0, max: 50 });
const usual: fc.Arbitrary<Step> = fc.oneof(
  n.map(
    (count): Step =>
      (truth) =>
        truth.submit(count),
  ),
  n.map(
    (count): Step =>
      (truth) =>
        truth.lose(count),
  ),
  n.map(
    (count): Step =>
      (truth) =>
        truth.handOn(count),
  ),
  n.map(
    (count): Step =>
      (truth) =>
        truth.deliver(count),
  ),
  n.map(
    (count): Step =>
      (truth) =>
        truth.deliverTwice(count),
  ),
  fc.constant<Step>((truth) => truth.collectorSays()),
  fc.constant<Step>((truth) => truth.publisherSays()),
  fc.constant<Step>((truth) => truth.hubRestarts()),
  // An old report arrives once more: the frame was delivered twice.
  fc.nat().map(
    (at): Step =>
      (truth) => {
        const old = truth.lastReports[at % Math.max(1, truth.lastReports.length)];
        if (old !== undefined) truth.account.collectorSaid(old, 0);
      },
  ),
);
const giveUp = n.map(
  (count): Step =>
    (truth) =>
      truth.giveUp(count),
);
const newEpoch = fc.boolean().map(
  (said): Step =>
    (truth) =>
      truth.newEpoch(said),
);
const step = fc.oneof({ weight: 9, arbitrary: usual }, giveUp, newEpoch);
// Of an epoch that ended it is not known how much of what the publisher gave up was its own: so much may hide there.
const exactSteps = fc.oneof(
  fc.array(fc.oneof({ weight: 9, arbitrary: usual }, giveUp), { maxLength: 40 }),
  fc.array(fc.oneof({ weight: 9, arbitrary: usual }, newEpoch), { maxLength: 40 }),
);

function noneNegative(ledger: NodeLedger): void {
  for (const row of ledger.rows) {
    for (const value of [row.in, row.out, row.pending, ...row.lost.map((one) => one.value)]) assert.ok(value >= 0);
    if (row.hop === "hub" || row.hop === "publisher") assert.equal(row.difference, 0, `${row.hop} ${row.class}`);
  }
  assert.ok(ledger.lost >= 0 && ledger.pending >= 0);
}

test("whatever happens in whatever order, nothing is negative, and once all has arrived the account balances", () => {
  fc.assert(
    fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
      const truth = new Truth();
      for (const one of steps) {
        one(truth);
        noneNegative(truth.account.ledger());
      }
      const ledger = truth.settle();
      noneNegative(ledger);
      assert.equal(ledger.difference, 0);
      assert.equal(ledger.balanced, true);
    }),
    { numRuns: 400 },
  );
});

test("an event that vanishes between two hops unbalances the account, by exactly its number", () => {
  fc.assert(
    fc.property(exactSteps, fc.integer({ min: 1, max: 20 }), (steps, vanished) => {
      const truth = new Truth();
      for (const one of steps) one(truth);
      truth.submitted += vanished;
      truth.handedOn += vanished;
      const ledger = truth.settle();
      assert.deepEqual([ledger.balanced, ledger.difference], [false, vanished]);
    }),
    { numRuns: 200 },
  );
});

test("an epoch that ended without a last report is set apart: what came after its last report, and what never came", () => {
  const truth = new Truth();
  truth.submitted = 100;
  truth.collectorSays();
  truth.handOn(100);
  truth.deliver(70);
  truth.publisherSays();
  truth.deliver(30);
  truth.submitted += 20;
  truth.handOn(20);
  truth.deliver(20);
  truth.epoch = 1;
  truth.submitted = truth.handedOn = 0;
  truth.submitted = 5;
  const late = truth.settle();
  assert.deepEqual([late.balanced, late.unreported, late.lost], [true, -20, 0]);

  const other = new Truth();
  other.submitted = 100;
  other.collectorSays();
  other.handOn(60);
  other.deliver(60);
  other.epoch = 1;
  other.submitted = other.handedOn = 0;
  const gone = other.settle();
  assert.deepEqual([gone.balanced, gone.unreported, gone.lost], [true, 40, 40]);
});

test("an epoch of which no report ever came is set apart by what was committed of it", () => {
  const truth = new Truth();
  truth.submitted = 9;
  truth.handOn(9);
  truth.deliver(9);
  truth.epoch = 1;
  truth.submitted = truth.handedOn = 0;
  truth.submitted = 5;
  const ledger = truth.settle();
  assert.deepEqual([ledger.balanced, ledger.unreported, ledger.lost], [true, -9, 0]);
});

test("a publisher that delivered to another hub before does not unbalance the account of this one", () => {
  const truth = new Truth();
  truth.submitted = truth.handedOn = truth.received = truth.delivered = 1_000;
  truth.submitted += 10;
  const ledger = truth.settle();
  assert.deepEqual([ledger.balanced, ledger.committed, ledger.submitted], [true, 10, 1_010]);
});

test("a difference that is no more than what just passed is movement, and one that stays is not", () => {
  const truth = new Truth();
  truth.submitted = 10;
  truth.settle();
  truth.submitted += 30;
  truth.handOn(30);
  truth.deliver(30);
  const moving = truth.account.ledger();
  assert.deepEqual([moving.balanced, moving.difference, moving.moving], [false, -30, true]);
  truth.submitted += 100_000;
  truth.handedOn += 100_000;
  truth.account.collectorSaid(truth.report(), 1_000);
  truth.saidUs = 1_000;
  const restarted = new NodeAccount(of, truth.account.stored());
  for (const { stream, ...one } of truth.account.hubCountsByStream()) restarted.counted(stream, one);
  restarted.collectorSaid(truth.report(), 1_001);
  truth.account = restarted;
  truth.publisherSays();
  const wrong = restarted.ledger();
  assert.deepEqual([wrong.balanced, wrong.moving], [false, false]);
});
