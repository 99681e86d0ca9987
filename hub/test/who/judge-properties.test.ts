import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { judge } from "../../src/who/judge.ts";
import { whoLimits } from "../../src/who/limits.ts";
import { possibleSessions } from "../../src/who/matching.ts";
import type { Session, Start } from "../../src/who/session.ts";
import { session, start } from "./made-sessions.ts";

const us = (max: number) => fc.integer({ min: 0, max });
const commands = [["bash"], ["sh", "-c", "id"], ["cat", "/etc/passwd"]];

/** A session as it was: when its process really started on the node, and what of its audit records ever comes, and when. */
const real = fc.record({
  atUs: us(20_000_000),
  openedAfterUs: us(whoLimits.openedWithinUs),
  startsAfterUs: fc.oneof(us(300_000), us(whoLimits.startsWithinUs)),
  lastsUs: fc.oneof(us(500_000), us(60_000_000)),
  /** The client goes away while the runtime is starting the process: so long before. */
  leavesBeforeUs: fc.oneof(fc.constant(null), fc.constant(null), us(whoLimits.startsAfterEndUs)),
  command: fc.nat(commands.length - 1),
  container: fc.constantFrom("web", "side"),
  namesContainer: fc.boolean(),
  lost: fc.constantFrom("nothing", "nothing", "all", "start", "end"),
  auditDelayUs: fc.constantFrom(0, 100_000, 5_000_000, 300_000_000),
});
const probe = fc.record({
  atUs: us(40_000_000),
  command: fc.nat(commands.length - 1),
  container: fc.constantFrom("web", "side"),
});
const world = fc.record({
  sessions: fc.array(real, { minLength: 1, maxLength: 6 }),
  probes: fc.array(probe, { maxLength: 3 }),
  skewUs: fc.integer({ min: -whoLimits.clockSkewUs, max: whoLimits.clockSkewUs }),
  lookAtUs: fc.array(us(400_000_000), { minLength: 1, maxLength: 8 }),
});
type World = typeof world extends fc.Arbitrary<infer T> ? T : never;

/** What has arrived at that moment: records of the node up to it, audit records with their delay. */
function seenAt({ sessions, probes, skewUs }: World, nowUs: number): { known: Session[]; starts: Start[] } {
  const known: Session[] = [];
  const starts: Start[] = [];
  for (const [i, one] of sessions.entries()) {
    const startedUs = one.atUs + one.openedAfterUs;
    const processUs = startedUs + one.startsAfterUs;
    const { leavesBeforeUs: early } = one;
    const endedUs = early === null ? processUs + one.lastsUs : Math.max(startedUs, processUs - early);
    // Audit times are of the API server's clock, which is `skewUs` ahead of the node's.
    const arrived = (timeUs: number) => nowUs >= timeUs + one.auditDelayUs;
    const hasStart = one.lost !== "all" && one.lost !== "start" && arrived(startedUs);
    const hasEnd = one.lost !== "all" && one.lost !== "end" && arrived(endedUs);
    if (hasStart || hasEnd) {
      known.push(
        session({
          id: `${i}`,
          container: one.namesContainer ? one.container : null,
          command: commands[one.command] ?? null,
          receivedUs: one.atUs + skewUs,
          startedUs: hasStart ? startedUs + skewUs : null,
          endedUs: hasEnd ? endedUs + skewUs : null,
        }),
      );
    }
    const { container, command } = one;
    if (processUs <= nowUs)
      starts.push(start({ key: `${i}`, container, argv: commands[command] ?? [], timeUs: processUs }));
  }
  for (const [i, { container, command, atUs }] of probes.entries()) {
    if (atUs <= nowUs)
      starts.push(start({ key: `probe ${i}`, container, argv: commands[command] ?? [], timeUs: atUs }));
  }
  return { known, starts };
}

test("whatever is late, lost or out of step: a process has its own session's user, is ambiguous, or nobody's", () => {
  let right = 0;
  let ambiguous = 0;
  fc.assert(
    fc.property(world, (of) => {
      for (const nowUs of of.lookAtUs) {
        const { known, starts } = seenAt(of, nowUs);
        for (const [key, { doneBy }] of judge(known, starts, nowUs)) {
          if (doneBy.certainty === "known") {
            assert.equal(doneBy.sessions[0]?.user, key);
            right += 1;
          } else ambiguous += 1;
        }
      }
    }),
    { numRuns: 3_000 },
  );
  assert.ok(
    right > ambiguous / 10,
    `${right} known, ${ambiguous} ambiguous: a join that knows nobody is never wrong either`,
  );
});

test("who is ambiguous is named among the candidates whenever the audit record is there and everything has settled", () => {
  fc.assert(
    fc.property(world, (of) => {
      const nowUs = 1_000_000_000;
      const { known, starts } = seenAt(of, nowUs);
      const verdicts = judge(known, starts, nowUs);
      for (const one of known) {
        const users = verdicts.get(one.id)?.doneBy.sessions.map(({ user }) => user) ?? [];
        assert.ok(users.includes(one.id), `the session ${one.id} is among ${users}`);
      }
    }),
    { numRuns: 2_000 },
  );
});

test("the assignments that are possible are those that trying all of them finds", () => {
  const edges = fc.array(fc.uniqueArray(fc.nat(4), { maxLength: 4 }), { maxLength: 4 });
  fc.assert(
    fc.property(edges, (of) => {
      const found: Set<number>[] = Array.from({ length: 5 }, () => new Set());
      let any = false;
      const tryAll = (session: number, taken: number[]): void => {
        if (session === of.length) {
          any = true;
          for (const [s, start] of taken.entries()) found[start]?.add(s);
          return;
        }
        for (const start of of[session] ?? []) if (!taken.includes(start)) tryAll(session + 1, [...taken, start]);
      };
      tryAll(0, []);
      const possible = possibleSessions(of, 5);
      assert.equal(possible !== undefined, any);
      if (possible !== undefined)
        assert.deepEqual(
          possible.map((some) => new Set(some)),
          found,
        );
    }),
    { numRuns: 2_000 },
  );
});
