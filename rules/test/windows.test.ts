import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { loadRules, makeEvaluator, readWindowLog } from "../index.ts";
import { WindowLog } from "../src/evaluate/window-log.ts";
import { Windows } from "../src/evaluate/windows.ts";
import { ruleLimits } from "../src/limits.ts";
import { connect, load, ruleText } from "./sample-events.ts";

const second = 1_000_000;

test("distinct values fire the window once, the same value again does not", () => {
  const windows = new Windows(30 * second, 3);
  const times = [0, 1, 2, 3, 4].map((n) => 1_000 * second + n * second);
  const values = ["a", "a", "b", "c", "d"];
  assert.deepEqual(
    values.map((value, i) => windows.add("k", value, times[i] ?? 0)),
    [0, 0, 0, 3, 0],
  );
});

test("values older than the timespan no longer count", () => {
  const windows = new Windows(30 * second, 3);
  const fired = [0, 20, 31, 45].map((at, i) => windows.add("k", `v${i}`, (1_000 + at) * second));
  assert.deepEqual(fired, [0, 0, 0, 3]);
});

test("after a window has fired, it fires again only when its timespan is over", () => {
  const windows = new Windows(10 * second, 2);
  const fired: number[] = [];
  for (let at = 0; at < 25; at++) if (windows.add("k", undefined, (1_000 + at) * second) > 0) fired.push(at);
  assert.deepEqual(fired, [1, 11, 21]);
});

test("events out of order count, unless they are older than the window", () => {
  const windows = new Windows(10 * second, 3);
  assert.equal(windows.add("k", "a", 1_010 * second), 0);
  assert.equal(windows.add("k", "b", 1_003 * second), 0);
  assert.equal(windows.add("k", "late", 990 * second), 0);
  assert.equal(windows.add("k", "c", 1_009 * second), 3);
  assert.equal(windows.counters.late, 1);
});

test("in whatever order events arrive, a window never holds more than it must, and fires only on enough values", () => {
  const event = fc.tuple(fc.constantFrom("a", "b", "c", "d", "e"), fc.integer({ min: 0, max: 60 }));
  fc.assert(
    fc.property(fc.array(event, { maxLength: 80 }), fc.integer({ min: 1, max: 4 }), (events, gte) => {
      const windows = new Windows(10 * second, gte);
      const seen: [string, number][] = [];
      for (const [value, at] of events) {
        seen.push([value, at]);
        const count = windows.add("k", value, (1_000 + at) * second);
        if (count === 0) continue;
        const newest = Math.max(...seen.map(([, time]) => time));
        const distinct = new Set(seen.filter(([, time]) => time > newest - 10).map(([one]) => one));
        assert.ok(count >= gte && distinct.size >= count);
      }
    }),
  );
});

test("more groups than the bound evict the one that was touched longest ago, and are counted", () => {
  const windows = new Windows(10 * second, 2);
  for (let i = 0; i <= ruleLimits.windowsMax; i++) windows.add(`k${i}`, "a", 1_000 * second);
  assert.equal(windows.counters.evicted, 1);
  assert.equal(windows.add("k0", "b", 1_001 * second), 0, "k0 was evicted");
  assert.equal(windows.add(`k${ruleLimits.windowsMax}`, "b", 1_001 * second), 2);
});

const scan = ruleText("evt.type = connect", {
  output: "%fd.rip",
  extra:
    "  correlate: { type: value_count, field: fd.rip, group-by: [container.id, proc.pid], timespan: 30s, gte: 3 }\n",
});
const to = (n: number, over = {}) => connect({ dst_ip: `10.0.0.${n}`, time_us: (1_000 + n) * second, ...over });

test("a rule with correlate fires on the event that completes the count, with the count as evidence", () => {
  const evaluator = makeEvaluator(load(scan));
  const matches = [1, 2, 2, 3, 4].flatMap((n) => evaluator.evaluate(to(n)));
  assert.equal(matches.length, 1);
  assert.equal(matches[0]?.outputFields["correlate.count"], 3);
  const why = matches[0]?.why();
  assert.deepEqual(why?.children?.at(-1), {
    kind: "count",
    text: "value_count(fd.rip) >= 3 within 30s by container.id, proc.pid",
    result: true,
    value: "3",
  });
});

test("scopes and groups have windows of their own", () => {
  const evaluator = makeEvaluator(load(scan));
  const fired = [
    ...evaluator.evaluate(to(1), "node-a"),
    ...evaluator.evaluate(to(2), "node-b"),
    ...evaluator.evaluate(to(3, { pid: 9 }), "node-a"),
    ...evaluator.evaluate(to(4), "node-a"),
  ];
  assert.equal(fired.length, 0);
  assert.equal(evaluator.evaluate(to(5), "node-a").length, 1);
});

test("open windows survive a reload when the rule's correlate block is unchanged", () => {
  const first = makeEvaluator(load(scan));
  first.evaluate(to(1));
  first.evaluate(to(2));
  const reloaded = makeEvaluator(load(scan), { previous: first });
  assert.equal(reloaded.evaluate(to(3)).length, 1);
  const changed = makeEvaluator(load(scan.replace("gte: 3", "gte: 4")), { previous: first });
  assert.equal(changed.evaluate(to(4)).length, 0);
});

test("a correlate block that cannot work is refused with its place", () => {
  for (const [change, reason] of [
    [["gte: 3", "gte: 0"], "`gte` is not a number"],
    [["30s", "soon"], "`timespan` is not a time"],
    [["value_count", "temporal"], "`type` is neither"],
    [["field: fd.rip, ", ""], "`field` is missing"],
    [["proc.pid", "proc.x"], "proc.x: there is no such field"],
  ] as const) {
    const [from, to] = change;
    const [problem] = loadRules([{ path: "f", text: scan.replace(from, to), pack: "p" }]).problems;
    assert.ok(problem?.reason.includes(reason), problem?.reason);
    assert.equal(problem?.line, 7);
  }
});

const adds = fc.array(
  fc.record({
    key: fc.constantFrom("k", "l"),
    value: fc.constantFrom("a", "b", "c", "d"),
    at: fc.integer({ min: 0, max: 40 }),
    /** Ends a batch: what changed is written down, or lost. */
    end: fc.constantFrom("no", "written", "lost"),
  }),
  { maxLength: 60 },
);

/** What a log holds: its rows, as a disk would keep them. */
class Disk {
  readonly rows = new Map<number, string>();

  write({ row, text, dropUpTo }: { row: number; text: string; dropUpTo: number }): void {
    this.rows.set(row, text);
    for (const old of this.rows.keys()) if (old <= dropUpTo) this.rows.delete(old);
  }

  windows(): { scope: string; key: string; state: string; idleUs: number }[] {
    const live = new Map<string, { scope: string; key: string; state: string; idleUs: number }>();
    for (const text of this.rows.values()) {
      for (const { scope, key, state } of readWindowLog(text)) {
        live.delete(scope + key);
        if (state !== null) live.set(scope + key, { scope, key, state, idleUs: 0 });
      }
    }
    return [...live.values()];
  }
}

test("windows that are written down after each batch go on elsewhere as if nothing had happened, lost batches taken back", () => {
  fc.assert(
    fc.property(adds, fc.integer({ min: 2, max: 4 }), (events, gte) => {
      const plain = new Windows(10 * second, gte);
      let journaled = new Windows(10 * second, gte, true);
      let log = new WindowLog();
      const disk = new Disk();
      let batch: typeof events = [];
      for (const event of events) {
        journaled.add(event.key, event.value, (1_000 + event.at) * second);
        batch.push(event);
        if (event.end === "no") continue;
        const entry = log.write(journaled.takeEdits(1), 1);
        if (event.end === "lost") entry?.undo(1);
        else {
          if (entry !== undefined) disk.write(entry);
          for (const { key, value, at } of batch) plain.add(key, value, (1_000 + at) * second);
          // Killed and started again.
          if (event.at % 3 === 0) {
            const restored = new Windows(10 * second, gte, true);
            log = new WindowLog();
            log.adopt(Math.max(0, ...disk.rows.keys()), restored.restore(disk.windows(), 1));
            journaled = restored;
          }
        }
        batch = [];
      }
      for (const { key, value, at } of batch) plain.add(key, value, (1_000 + at) * second);
      for (const value of ["x", "y", "z", "w"]) {
        for (const key of ["k", "l"]) {
          assert.equal(journaled.add(key, value, 1_041 * second), plain.add(key, value, 1_041 * second));
        }
      }
    }),
  );
});

test("the log of windows stays short, and holds every window that can still count", () => {
  const windows = new Windows(10 * second, 1_000, true);
  const log = new WindowLog();
  const disk = new Disk();
  let peak = 0;
  for (let batch = 0; batch < 400; batch++) {
    // One window that lives on and a hundred that no event comes back to.
    windows.add("long", `v${batch}`, (1_000 + batch / 100) * second);
    for (let i = 0; i < 100; i++) windows.add(`short ${batch} ${i}`, "v".repeat(100), (1_000 + batch) * second);
    const entry = log.write(windows.takeEdits(1), 1);
    assert.ok(entry !== undefined);
    disk.write(entry);
    peak = Math.max(
      peak,
      [...disk.rows.values()].reduce((sum, text) => sum + text.length, 0),
    );
  }
  // 80 s of a hundred windows a second can still count.
  assert.ok(peak < 4_000_000, `${peak}`);
  assert.ok(windows.size < 12_000, `${windows.size}`);
  const names = new Set(disk.windows().map(({ key }) => key));
  assert.ok(names.has("short 399 99") && names.has("short 340 0"));
  assert.ok(!names.has("short 1 1"));
});

test("a window that nobody touched for long ends", () => {
  const windows = new Windows(10 * second, 3, true);
  windows.add("old", "a", 1_000 * second, "quiet");
  const [old] = windows.takeEdits(1_000 * second);
  assert.ok(old?.is !== undefined);
  assert.ok(windows.keeps(old.is, 1_000 * second + ruleLimits.windowIdleUsMax));
  assert.ok(!windows.keeps(old.is, 1_000 * second + ruleLimits.windowIdleUsMax + 11 * second));
  assert.equal(windows.size, 0);
});

test("a rule that is changed drops its windows, and says how many; an unchanged one's go on", () => {
  const one = (name: string, gte: number) => scan.replace("rule: r", `rule: ${name}`).replace("gte: 3", `gte: ${gte}`);
  const both = (gteOfA: number) => load(one("A", gteOfA) + one("B", 9));
  const before = makeEvaluator(both(9), { journaled: true });
  before.evaluate(to(1), "local\nnode");
  const rows = [...readWindowLog(before.takeWindowLog(1)?.text ?? "")].map((entry) => {
    return { ...entry, state: entry.state ?? undefined, idleUs: 0 };
  });
  assert.equal(rows.length, 2);
  const reloaded = makeEvaluator(both(8), { journaled: true, previous: before });
  assert.deepEqual([...reloaded.droppedWindows.values()], [1]);
  const restarted = makeEvaluator(both(8), { journaled: true });
  const dropped = restarted.restoreWindows(rows, 2);
  assert.deepEqual(
    [...dropped].map(([rule, n]) => [rule.split("#")[0], n]),
    [["A", 1]],
  );
});

test("a row that a disk has damaged costs its window, nothing else", () => {
  const windows = new Windows(10 * second, 2, true);
  fc.assert(
    fc.property(fc.string(), (state) => {
      windows.restore([{ scope: "", key: "k", state, idleUs: 0 }], 1);
    }),
  );
  for (const state of ["[1,2]", '[1,2,3,4,"x"]', "{}", '["a",0,0]']) {
    windows.restore([{ scope: "", key: "k", state, idleUs: 0 }], 1);
  }
  assert.equal(windows.size, 0);
});
