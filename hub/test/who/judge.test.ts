import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { judge } from "../../src/who/judge.ts";
import { seconds, session, start } from "./made-sessions.ts";

const later = Number.MAX_SAFE_INTEGER;
const said = (verdicts: ReturnType<typeof judge>) =>
  Object.fromEntries(
    [...verdicts].map(([key, { doneBy }]) => [
      key,
      `${doneBy.certainty} ${doneBy.sessions.map((one) => one.user).join(",")} ${doneBy.reason}`,
    ]),
  );

describe("who started a process", () => {
  test("one session and one process that fits: known when all of that time has arrived, until then a name among others", () => {
    const sessions = [session({ id: "ana", receivedUs: seconds(100) })];
    const starts = [start({ key: "p", timeUs: seconds(100.2) })];
    assert.deepEqual(said(judge(sessions, starts, seconds(101))), { p: "ambiguous ana still_arriving" });
    assert.equal(judge(sessions, starts, seconds(101)).get("p")?.settlesUs, seconds(141));
    assert.deepEqual(said(judge(sessions, starts, seconds(141))), { p: "known ana only_match" });
    const ended = [session({ id: "ana", receivedUs: seconds(100), endedUs: seconds(100.5) })];
    assert.deepEqual(said(judge(ended, starts, seconds(111.5))), { p: "known ana only_match" }, "it settles sooner");
  });

  test("the same command at the same time is ambiguous, different commands are told apart", () => {
    const same = [session({ id: "ana" }), session({ id: "bob", receivedUs: seconds(1) })];
    const two = [start({ key: "p", timeUs: seconds(0.2) }), start({ key: "q", timeUs: seconds(1.2) })];
    assert.deepEqual(said(judge(same, two, later)), {
      p: "ambiguous ana,bob several_sessions",
      q: "ambiguous ana,bob several_sessions",
    });
    const different = [session({ id: "ana", command: ["cat", "/etc/shadow"] }), session({ id: "bob" })];
    const both = [start({ key: "p", argv: ["cat", "/etc/shadow"] }), start({ key: "q" })];
    assert.deepEqual(said(judge(different, both, later)), { p: "known ana only_match", q: "known bob only_match" });
  });

  test("a session that can only be one of the two leaves the other to the other", () => {
    const sessions = [session({ id: "ana" }), session({ id: "bob", receivedUs: seconds(5) })];
    const starts = [start({ key: "p", timeUs: seconds(0.2) }), start({ key: "q", timeUs: seconds(5.2) })];
    assert.deepEqual(said(judge(sessions, starts, later)), {
      p: "known ana by_elimination",
      q: "known bob by_elimination",
    });
  });

  test("more processes than sessions (a probe, a late record): one of them is the session's, nobody knows which", () => {
    const starts = [start({ key: "p" }), start({ key: "q" })];
    assert.deepEqual(said(judge([session({ id: "ana" })], starts, later)), {
      p: "ambiguous ana several_processes",
      q: "ambiguous ana several_processes",
    });
  });

  test("more sessions than processes: one of them has none, nobody knows which", () => {
    const sessions = [session({ id: "ana" }), session({ id: "bob" })];
    assert.deepEqual(said(judge(sessions, [start({ key: "p" })], later)), { p: "ambiguous ana,bob several_sessions" });
  });

  test("what is before the session, long after it, of another container or another command, is nobody's", () => {
    const sessions = [session({ id: "ana", receivedUs: seconds(100) })];
    const starts = [
      start({ key: "before", timeUs: seconds(98) }),
      start({ key: "after", timeUs: seconds(142) }),
      start({ key: "elsewhere", timeUs: seconds(100), container: "sidecar" }),
      start({ key: "probe", timeUs: seconds(100), argv: ["pg_isready"] }),
      start({ key: "container", timeUs: seconds(100), first: "yes" }),
    ];
    assert.deepEqual(said(judge(sessions, starts, later)), {});
  });

  test("an ephemeral container's first process is of whoever added it; a session into it is of its own user", () => {
    const sessions = [
      session({ id: "ana", kind: "debug", container: "debugger-x", command: null }),
      session({ id: "bob", container: "debugger-x", receivedUs: seconds(30) }),
    ];
    const starts = [
      start({ key: "first", container: "debugger-x", argv: ["sh"], first: "yes", timeUs: seconds(20) }),
      start({ key: "second", container: "debugger-x", timeUs: seconds(30.1) }),
      start({ key: "web", first: "yes", timeUs: seconds(20) }),
    ];
    assert.deepEqual(said(judge(sessions, starts, later)), {
      first: "known ana only_match",
      second: "known bob only_match",
    });
  });

  test("where not all processes of the time are looked through, nobody is known", () => {
    const verdicts = judge([session({ id: "ana" })], [start({ key: "p" })], later, false);
    assert.deepEqual(said(verdicts), { p: "ambiguous ana too_many" });
  });

  test("hundreds of the same are too many to be told apart, and cost little", () => {
    const sessions = Array.from({ length: 300 }, (_, i) => session({ id: `u${i}` }));
    const starts = Array.from({ length: 300 }, (_, i) => start({ key: `p${i}` }));
    const verdict = judge(sessions, starts, later).get("p0");
    assert.equal(verdict?.doneBy.reason, "too_many");
    assert.equal(verdict?.doneBy.sessions.length, 16);
  });
});
