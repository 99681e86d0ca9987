import assert from "node:assert/strict";
import { describe, test } from "node:test";
import {
  countersOfReport,
  emptyFilterPlan,
  ledgerReasons,
  ledgerRows,
  nodeLedger,
  type SensorReport,
} from "@atalaya/wire";
import fc from "fast-check";
import { Account } from "../src/account.ts";
import type { KernelRecord } from "../src/kernel-record.ts";
import { accountBytesMax, type EarlierPrograms } from "../src/kernel-source.ts";
import { collectorLimits } from "../src/limits.ts";
import { ringOfKind } from "../src/node-counters.ts";
import { Pipeline } from "../src/pipeline.ts";
import { outcomes, Tally } from "../src/tally.ts";
import { cgroupMade, change, connect, exec, exit, fork, open, task } from "./hand-made-records.ts";
import { bootId, Disk, ParcelOutlet, PinnedRings } from "./pinned-rings.ts";

const options = { node: "n", bootId, version: "1", kernel: "6", cgroupMount: "/nowhere" };

/** One collector's life on rings that outlive it. */
class Run {
  readonly outlet: ParcelOutlet;
  readonly pipeline: Pipeline;
  readonly #disk: Disk;

  constructor(rings: PinnedRings, disk: Disk, given: { earlier?: EarlierPrograms; recordsMax?: number } = {}) {
    this.#disk = disk;
    this.outlet = new ParcelOutlet(rings.ringId, given.earlier?.ringId);
    this.pipeline = new Pipeline(rings.open(given.earlier, given.recordsMax), this.outlet, options);
    this.pipeline.resume(disk.resume());
  }

  /** `stored` parcels reach the disk, and the collector hears of `heard` of them. */
  store(stored: number, heard: number): void {
    const count = this.outlet.store(this.#disk, stored);
    this.pipeline.acknowledged(Math.min(count, heard));
  }

  settle(): SensorReport {
    for (let quiet = 0; quiet < 5; quiet += this.pipeline.tick() ? 0 : 1) {
      const count = this.outlet.store(this.#disk, Number.POSITIVE_INFINITY);
      this.pipeline.acknowledged(count);
    }
    return this.pipeline.sensorReport();
  }
}

function assertBalanced(report: SensorReport): void {
  const own = report.counters.filter((one) => one.reason in ledgerReasons.collector);
  const rows = ledgerRows("collector", own);
  for (const row of rows) assert.equal(row.difference, 0, JSON.stringify(row));
}

const total = (report: SensorReport, reason: string) =>
  report.counters.reduce((sum, one) => sum + (one.reason === reason ? one.value : 0), 0);

const value = (report: SensorReport, of: string, reason: string) =>
  report.counters.find((one) => one.class === of && one.reason === reason)?.value ?? 0;

let pid = 100;
function some(count: number): KernelRecord[] {
  const records: KernelRecord[] = [];
  for (let i = 0; i < count; i++) {
    const of = task({ pid: ++pid });
    records.push(fork(of), exec(of, ["/bin/x"]), open(of, "/x"), connect(of, "10.0.0.1", 80), exit(of));
    records.push(cgroupMade(of, pid, "/c"));
  }
  return records;
}

/** With what the flight recorder alone asks for among them. */
function someRecorded(count: number): KernelRecord[] {
  return Array.from({ length: count }, () => {
    const kept: KernelRecord = { ...open(task({ pid: ++pid }), "/kept"), forRecorder: true };
    return [kept, ...some(1)];
  }).flat();
}

/** Something that cannot be read, of any kind that goes through either ring. */
const kinds = Object.keys(ringOfKind) as KernelRecord["kind"][];
function spoiled(kind: KernelRecord["kind"]): KernelRecord {
  const record = ringOfKind[kind] === "bulk" ? open(task({ pid: ++pid }), "/x") : exit(task({ pid: ++pid }));
  return { ...record, kind } as KernelRecord;
}

type Step =
  | { do: "happen"; count: number }
  | { do: "spoil"; kind: KernelRecord["kind"]; isUnknown: boolean }
  | { do: "tick"; mayWait: boolean }
  | { do: "store"; stored: number; heard: number }
  | { do: "report" }
  | { do: "kill"; at: "settled" | "rest" | "account" | "release" };

const step: fc.Arbitrary<Step> = fc.oneof(
  fc.record({ do: fc.constant("happen" as const), count: fc.integer({ min: 1, max: 4 }) }),
  fc.record({ do: fc.constant("spoil" as const), kind: fc.constantFrom(...kinds), isUnknown: fc.boolean() }),
  fc.record({ do: fc.constant("tick" as const), mayWait: fc.boolean() }),
  fc.record({ do: fc.constant("store" as const), stored: fc.nat(6), heard: fc.nat(40) }),
  fc.record({ do: fc.constant("report" as const) }),
  fc.record({ do: fc.constant("kill" as const), at: fc.constantFrom("settled", "rest", "account", "release") }),
);

describe("the account of records", () => {
  test("a counter of which nothing was counted is not in a report", () => {
    const rings = new PinnedRings("a");
    rings.submitted.set("exec", 0);
    const run = new Run(rings, new Disk());
    assert.deepEqual(run.settle().counters, []);
    rings.put(exec(task({ pid: 1 }), ["/bin/x"]));
    assert.deepEqual(run.settle().counters, [
      { class: "exec", reason: "submitted", value: 1 },
      { class: "exec", reason: "handed_on", value: 1 },
    ]);
  });

  test("killed anywhere, again and again: every event is handed on once, and the account balances to the event", () => {
    fc.assert(
      fc.property(fc.array(step, { maxLength: 60 }), fc.integer({ min: 1, max: 9 }), (steps, recordsMax) => {
        const rings = new PinnedRings("0123456789abcdef");
        const disk = new Disk();
        const happened: KernelRecord[] = [];
        let spoilt = 0;
        let run = new Run(rings, disk, { recordsMax });
        const { epoch } = run.pipeline.sensorReport();
        for (const one of steps) {
          if (one.do === "happen") {
            const records = someRecorded(one.count);
            happened.push(...records);
            rings.put(...records);
          } else if (one.do === "spoil") {
            rings.putSpoiled(spoiled(one.kind), one.isUnknown);
            spoilt += 1;
          } else if (one.do === "tick") run.pipeline.tick(one.mayWait);
          else if (one.do === "store") run.store(one.stored, one.heard);
          else if (one.do === "report") run.pipeline.report();
          else {
            rings.killAtAccount = one.at === "account";
            rings.killAtRelease = one.at === "release";
            try {
              if (one.at === "settled") run.store(Number.POSITIVE_INFINITY, Number.POSITIVE_INFINITY);
              else run.store(3, 3);
            } catch (error) {
              assert.equal((error as Error).message, "killed");
            }
            rings.killAtAccount = rings.killAtRelease = false;
            run = new Run(rings, disk, { recordsMax });
          }
          assertBalanced(run.pipeline.sensorReport());
        }
        const report = run.settle();
        const isSent = (one: KernelRecord) => one.kind !== "cgroup_mkdir" && one.forRecorder !== true;
        const wanted = happened.filter(isSent).map((record) => record.position);
        const got = disk.of("process", "file", "network").map((stored) => stored.position);
        assert.deepEqual(
          got.sort((a, b) => a - b),
          wanted.sort((a, b) => a - b),
        );
        assertBalanced(report);
        assert.equal(report.epoch, epoch);
        assert.ok(report.counters.every((one) => one.reason !== "pending"));
        assert.equal(total(report, "undecodable"), spoilt);
        assert.equal(value(report, "exec", "handed_on"), happened.filter((one) => one.kind === "exec").length);
        assert.equal(value(report, "cgroup_mkdir", "absorbed"), happened.length / 7);
        assert.equal(value(report, "open", "recorded"), happened.length / 7);
      }),
      { numRuns: 200 },
    );
  });

  test("what waits for the publisher, and what lies in a ring, is pending by kind", () => {
    const rings = new PinnedRings("0123456789abcdef");
    const run = new Run(rings, new Disk());
    rings.put(...some(3));
    assert.equal(value(run.pipeline.sensorReport(), "exec", "pending"), 3);
    run.pipeline.tick();
    rings.put(...some(2));
    const report = run.pipeline.sensorReport();
    assert.deepEqual([value(report, "exec", "pending"), value(report, "open", "pending")], [5, 5]);
    assert.deepEqual([value(report, "exec", "handed_on"), value(report, "exec", "submitted")], [0, 5]);
    assertBalanced(report);
    assert.equal(value(run.settle(), "exec", "handed_on"), 5);
  });

  test("what comes shortly after something was handed over goes out with what follows, and is pending until then", () => {
    const rings = new PinnedRings("0123456789abcdef");
    const disk = new Disk();
    const run = new Run(rings, disk);
    rings.put(...some(1));
    run.pipeline.tick(true);
    const first = run.outlet.parcels.length;
    assert.equal(first, 3, "a class each");
    run.store(3, 3);
    for (let i = 0; i < 3; i++) {
      rings.put(...some(1));
      run.pipeline.tick(true);
    }
    assert.equal(run.outlet.parcels.length, first);
    const report = run.pipeline.sensorReport();
    assert.deepEqual([value(report, "exec", "pending"), value(report, "exec", "handed_on")], [3, 1]);
    assertBalanced(report);
    assert.equal(run.pipeline.settled, false);
    run.pipeline.tick();
    assert.equal(run.outlet.parcels.length, first + 3);
    assert.equal(value(run.settle(), "exec", "handed_on"), 4);
  });

  test("a record that cannot be read is lost as what it was, in either ring; of a kind that nobody knows, as of its ring", () => {
    for (const kind of kinds) {
      const rings = new PinnedRings("0123456789abcdef");
      const run = new Run(rings, new Disk());
      rings.putSpoiled(spoiled(kind));
      rings.putSpoiled(spoiled(kind), true);
      assertBalanced(run.pipeline.sensorReport());
      run.pipeline.tick();
      const report = run.settle();
      assertBalanced(report);
      const ring = String(ringOfKind[kind]);
      const words = ["submitted", "undecodable"];
      assert.deepEqual(
        [kind, ring].map((of) => words.map((word) => value(report, of, word))),
        [
          [1, 1],
          [1, 1],
        ],
        kind,
      );
      const { kernel, collector } = countersOfReport(report.counters);
      const of = { cluster: "c", node: "n", reportedUs: 1 };
      assert.equal(nodeLedger(of, { kernel, collector, publisher: [], hub: [] }).difference, 0, kind);
    }
  });

  test("many events do not wait, nor those of the workspace before", () => {
    const rings = new PinnedRings("0123456789abcdef");
    const run = new Run(rings, new Disk());
    rings.put(...some(1));
    run.pipeline.tick(true);
    rings.put(...some(collectorLimits.handOverEvents));
    run.pipeline.tick(true);
    assert.equal(run.outlet.parcels.length, 6);
    rings.put(...some(1));
    run.pipeline.tick(true);
    assert.equal(run.outlet.parcels.length, 6);
    run.pipeline.applyState({ version: 1, workspace: "other", filters: emptyFilterPlan });
    assert.equal(run.outlet.parcels.length, 9);
  });

  test("a change of a name is pending while it lies in the ring, and handed on afterwards", () => {
    const rings = new PinnedRings("0123456789abcdef");
    const run = new Run(rings, new Disk());
    rings.put(change(task({ pid: ++pid }), "unlink", "/var/log/audit/audit.log"));
    const report = run.pipeline.sensorReport();
    assert.equal(value(report, "change", "pending"), 1);
    assertBalanced(report);
    assert.equal(value(run.settle(), "change", "handed_on"), 1);
  });

  test("its bytes come back as they were, whatever they hold, and fit; others are refused", () => {
    const tally = new Tally();
    for (const { kind } of some(1)) for (const outcome of outcomes) tally.add(kind, outcome, 2 ** 48);
    const account = Account.fresh();
    account.tally.fold(tally);
    account.accounted.bulk = 2 ** 50;
    const carried = Array.from({ length: 250 }, (_, i) => ({
      class: `kind_${i}`,
      reason: "submitted",
      value: 2 ** 40,
    }));
    account.fold("fedcba9876543210", carried);
    const bytes = account.bytes();
    assert.ok(bytes.length <= accountBytesMax);
    const back = Account.parse(bytes);
    assert.deepEqual(back?.bytes(), bytes);
    assert.equal(back?.hasFolded("fedcba9876543210"), true);
    for (const bad of ["", "{}", "null", bytes.toString().slice(0, -1)]) {
      assert.equal(Account.parse(Buffer.from(bad)), undefined);
    }
    fc.assert(fc.property(fc.uint8Array(), (noise) => Account.parse(Buffer.from(noise)) === undefined));
  });

  test("an account that cannot be read is counted, and a new epoch begins", () => {
    const rings = new PinnedRings("0123456789abcdef");
    const first = new Run(rings, new Disk()).pipeline.sensorReport();
    rings.account = Buffer.from("not an account");
    const second = new Run(rings, new Disk()).pipeline.sensorReport();
    assert.notEqual(second.epoch, first.epoch);
    assert.equal(value(second, "sensor", "account_unreadable"), 1);
  });
});

describe("programs of another version at work", () => {
  /** Brings made-up times to now: twins are looked for among what happened since this process started. */
  const now = (records: KernelRecord[]): KernelRecord[] => {
    const nowUs = Number(process.hrtime.bigint() / 1_000n);
    return records.map((record, i) => ({ ...record, bootUs: nowUs + i * 10 }));
  };

  test("their rings are read to the end, twins dropped, counters carried over; nothing is missing, nothing goes back", () => {
    const disk = new Disk();
    const old = new PinnedRings("0".repeat(16));
    const before = new Run(old, disk);
    old.put(...some(4));
    before.settle();
    const { epoch } = before.pipeline.sensorReport();
    const alone = now(some(3));
    old.put(...alone);
    const fresh = new PinnedRings("f".repeat(16));
    const seen = now(some(5));
    old.put(...seen);
    fresh.put(...seen.map((record) => ({ ...record, bootUs: record.bootUs + 3 })));
    const run = new Run(fresh, disk, { earlier: old.asEarlier() });
    run.pipeline.applyFilters({ ...emptyFilterPlan, version: 1 });
    let last = 0;
    for (let i = 0; i < 12; i++) {
      run.pipeline.tick();
      run.store(2, 1_000);
      const report = run.pipeline.sensorReport();
      assertBalanced(report);
      assert.equal(report.epoch, epoch);
      assert.ok(value(report, "exec", "handed_on") >= last);
      last = value(report, "exec", "handed_on");
      if (!old.attached && i === 6) fresh.put(...now(some(2)));
    }
    const report = run.settle();
    assert.deepEqual([old.attached, old.gone, fresh.gone], [false, true, false]);
    assertBalanced(report);
    assert.equal(value(report, "exec", "handed_on"), 4 + 3 + 5 + 2);
    assert.equal(value(report, "exec", "deduplicated"), 5);
    assert.equal(value(report, "exec", "submitted"), 4 + 3 + 5 + 5 + 2);
    assert.equal(
      disk.of("process").filter((one) => one.event.class === "process" && one.event.activity === "exec").length,
      14,
    );
    const reports = disk.of("sensor").length;
    assert.ok(reports >= 2, "one before the earlier programs go, one after");
    // The next one finds the carried figures, and an earlier set that was folded is ended without another look.
    old.gone = false;
    const next = new Run(fresh, disk, { earlier: old.asEarlier() });
    assert.equal(old.gone, true);
    assert.equal(value(next.settle(), "exec", "handed_on"), 14);
    assert.equal(next.pipeline.sensorReport().epoch, epoch);
  });

  test("records of theirs that cannot be read are lost by name, under another epoch, and the account balances", () => {
    const disk = new Disk();
    const old = new PinnedRings("0".repeat(16));
    const { epoch } = new Run(old, disk).settle();
    old.put(...some(3));
    const fresh = new PinnedRings("f".repeat(16));
    const run = new Run(fresh, disk, { earlier: old.asEarlier(false) });
    run.pipeline.applyFilters({ ...emptyFilterPlan, version: 1 });
    const report = run.settle();
    assert.equal(old.gone, true);
    assertBalanced(report);
    assert.deepEqual([value(report, "lifecycle", "layout_changed"), value(report, "bulk", "layout_changed")], [12, 6]);
    assert.notEqual(report.epoch, epoch);
  });

  test("they stay at work until the new ones know what to let through", () => {
    const old = new PinnedRings("0".repeat(16));
    new Run(old, new Disk()).settle();
    const fresh = new PinnedRings("f".repeat(16));
    const run = new Run(fresh, new Disk(), { earlier: old.asEarlier() });
    for (let i = 0; i < 5; i++) run.pipeline.tick();
    assert.equal(old.attached, true);
    run.pipeline.applyState({
      ...emptyFilterPlan,
      version: 3,
      workspace: "w",
      filters: {
        ...emptyFilterPlan,
        version: 3,
        open_names: ["x"],
        write_prefixes: [],
        exec_names: [],
        dns_domains: [],
      },
    });
    run.settle();
    assert.deepEqual([old.attached, old.gone, run.outlet.workspace], [false, true, "w"]);
    assert.equal(run.pipeline.sensorReport().state_version, 3);
  });
});
