// The sensor's proof to itself that it sees: the real program, through the real hooks, filters and rings.
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { join } from "node:path";
import { after, before, beforeEach, describe, test } from "node:test";
import { emptyFilterPlan } from "@atalaya/wire";
import { skipUnless } from "../../tools/testing/needs.ts";
import { Heartbeat, type Sight, withHeartbeat } from "../src/heartbeat.ts";
import { collectorLimits } from "../src/limits.ts";
import { KernelWatch, objectFolder } from "./kernel-watch.ts";

const everything: Sight[] = ["exec", "open"];

describe("the heartbeat", { skip: skipUnless("kernel") }, () => {
  let watch: KernelWatch;
  let heartbeat: Heartbeat;
  let nowMs = 0;
  before(async () => {
    watch = await KernelWatch.open();
  });
  after(() => watch.close());
  beforeEach(() => {
    watch.source.setFilterPlan(withHeartbeat({ ...emptyFilterPlan, version: 1, open_names: ["shadow"] }));
    heartbeat = new Heartbeat((word) => {
      const { status } = spawnSync(join(objectFolder, "healthy"), ["beat", word], { env: {} });
      assert.equal(status, 0);
    });
  });

  /** A beat, and what came of it; its records are there before the program has ended. */
  function beat(expected = everything): Sight[] {
    nowMs += collectorLimits.heartbeatMs;
    heartbeat.look(nowMs, expected);
    watch.records.length = 0;
    watch.drain();
    for (const record of watch.records) heartbeat.meet(record);
    return heartbeat.state().missed;
  }

  function beats(times: number, expected = everything): Sight[] {
    let missed: Sight[] = [];
    for (let i = 0; i < times; i++) missed = beat(expected);
    return missed;
  }

  test("a beat is seen, again and again", () => {
    assert.deepEqual(beats(4), []);
    assert.equal(heartbeat.state().beats, 4);
  });

  test("with the exec hook detached, the start of the program is missed after the second time, and found again", async () => {
    await watch.without(["process_exec"], async () => {
      assert.deepEqual(beats(2), [], "once is no more than a lost event");
      assert.deepEqual(beats(1), ["exec"]);
    });
    assert.deepEqual(beats(2), []);
  });

  test("with the name taken out of the sensor's map, the open is missed", () => {
    beats(1);
    watch.source.setFilterPlan({ ...emptyFilterPlan, version: 2, open_names: ["shadow"] });
    assert.deepEqual(beats(3), ["open"]);
  });

  test("what has no hook is not missed", async () => {
    await watch.without(["exit_openat"], async () => assert.deepEqual(beats(4, ["exec"]), []));
  });

  test("who copies the last word, or makes up one, is not taken for the heart", async () => {
    const words: string[] = [];
    heartbeat = new Heartbeat((word) => words.push(word));
    for (let i = 0; i < 3; i++) {
      nowMs += collectorLimits.heartbeatMs;
      heartbeat.look(nowMs, everything);
      for (const word of ["0123456789abcdef", words.at(-2) ?? "none"])
        spawnSync(join(objectFolder, "healthy"), ["beat", word], { env: {} });
      watch.drain();
      for (const record of watch.records) heartbeat.meet(record);
    }
    assert.deepEqual(heartbeat.state().missed, everything);
  });
});

test("a heart that cannot beat says nothing of what it does not see", () => {
  const heartbeat = new Heartbeat(() => {
    throw new Error("no such program");
  });
  for (let i = 0; i < 5; i++) heartbeat.look(i * collectorLimits.heartbeatMs, everything);
  assert.deepEqual(heartbeat.state(), { beats: 5, missed: [] });
});
