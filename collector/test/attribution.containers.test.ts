import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { skipUnless } from "../../tools/testing/needs.ts";
import { buildCollector } from "../build.mjs";
import { root } from "./kernel-watch.ts";
import {
  chosen,
  enter,
  group,
  hostWords,
  insideWords,
  liveAll,
  type Made,
  prepare,
  removeAll,
  run,
  shapes,
  stay,
  wordOf,
  wrongIn,
} from "./many-containers.ts";
import { type Line, Printing } from "./printing.ts";

// `npm run bench -- attribution` is the same with a thousand, the sensor in its limits.
const count = 64;
const atOnce = 8;
/** Of a container's own program: the first lives as short, the last as long. */
const [shortestMs, longestMs] = [5, 1_500];
const skip = skipUnless("kernel", "containers");

/** The starts of programs with that word. */
function startsOf(printing: Printing, what: string, n: number): Line[] {
  return printing.lines.filter((line) => {
    const word = line["activity"] === "exec" ? wordOf(line) : undefined;
    return word?.what === what && word.n === n;
  });
}

function isRight(line: Line, one: Made): void {
  assert.deepEqual(wrongIn(line, one), [], JSON.stringify(line));
}

describe(`${count} containers of ${shortestMs} ms to ${longestMs} ms, ${atOnce} at once`, { skip }, () => {
  before(async () => {
    if (skip === false) await buildCollector({ root, log: () => undefined });
  });
  after(() => {
    for (const { child } of Printing.all) child.kill("SIGKILL");
    removeAll();
  });

  test("each event is in its own container, with pod and image or the reason why not, and the host's in none", {
    timeout: 120_000,
  }, async () => {
    const early = stay(prepare(0, "stays"));
    const printing = new Printing("--class", "process");
    await printing.ready();
    const late = stay(prepare(count, "stays"));
    for (const one of [early, late]) enter(one);
    const lifeMs = (n: number) => Math.round(shortestMs * (longestMs / shortestMs) ** (n / (count - 1)));
    const all = Array.from({ length: count - 1 }, (_, i) => prepare(i + 1, lifeMs(i + 1)));
    assert.equal(new Set(all.map(({ shape }) => shape)).size, shapes.length);
    await liveAll(all, atOnce);
    await printing.until(() => [early, late].every(({ n }) => startsOf(printing, "entered", n).length > 0));
    await printing.until(() =>
      all.every(({ n }) => [...insideWords, ...hostWords].every((what) => startsOf(printing, what, n).length > 0)),
    );
    for (const one of all) {
      for (const what of insideWords) {
        // unshare's own start ends with the same words.
        assert.equal(startsOf(printing, what, one.n).length, what === "unshared" ? 2 : 1, `${what}-${one.n}`);
      }
    }
    const of = new Map([...all, late].map((one) => [one.n, one]));
    for (const line of printing.lines) {
      const word = wordOf(line);
      if (word === undefined) continue;
      const one = of.get(word.n);
      if (word.what.startsWith("host")) assert.equal(line["container_id"], "host", JSON.stringify(line));
      else if (one !== undefined) isRight(line, one);
    }
    // Its runtime's files lie where nobody looks, and its start was not heard: what is not known is said to be so.
    for (const line of startsOf(printing, "entered", early.n)) {
      const said = ["id", "bundle", "image", "reason"].map((name) => line[`container_${name}`]);
      const reason = "the runtime's files about the container are not there";
      assert.deepEqual([...said, line["k8s_pod_uid"]], [early.id, undefined, undefined, reason, early.uid]);
    }
    await printing.end();
  });

  test("a name that comes again with another image is the new one's, from its first event on", {
    timeout: 60_000,
  }, async () => {
    const printing = new Printing("--class", "process");
    await printing.ready();
    const of = [
      chosen("again", (id) => `default/${id}`),
      chosen("again-unit", (id) => `system.slice/runc-${id}.scope`),
    ];
    for (const [i, shape] of of.entries()) {
      for (const n of [2_000 + 10 * i, 2_001 + 10 * i]) {
        const one = prepare(n, { script: `/bin/true first-${n}` }, shape);
        await run(one);
        await printing.until(() => startsOf(printing, "first", n).length > 0);
        for (const line of startsOf(printing, "first", n)) isRight(line, one);
      }
    }
    await printing.end();
  });

  test("who leaves its control group, or names one like another container's, stays its own container's", {
    timeout: 60_000,
  }, async () => {
    const printing = new Printing("--class", "process");
    await printing.ready();
    const victim = stay(prepare(3_000, "stays"));
    const mounts = "mount -t tmpfs t /tmp && mkdir /tmp/two /tmp/one && mount -t cgroup2 n /tmp/two";
    const memory = "(mount -t cgroup -o memory n /tmp/one || mount --bind /tmp/two /tmp/one) 2> /dev/null";
    const into = (path: string) =>
      ["one", "two"].map((one) => `echo $$ > /tmp/${one}/${path}cgroup.procs`).join(" && ");
    const named = `${group}/docker/docker-${victim.id}.scope`;
    const ways = [
      { script: into(""), ownView: false },
      { script: `mkdir -p /tmp/one/${named} /tmp/two/${named} && ${into(`${named}/`)}`, ownView: false },
      { script: `mkdir -p /tmp/two/${victim.id} && echo $$ > /tmp/two/${victim.id}/cgroup.procs`, ownView: true },
    ];
    for (const [i, { script, ownView }] of ways.entries()) {
      const n = 3_001 + i;
      const what = `${script} && /bin/true left-${n} && /bin/true below-${n}`;
      const one = prepare(n, { script: `${mounts} && ${memory} && ${what}`, ownView });
      await run(one);
      await printing.until(() => startsOf(printing, "below", n).length > 0);
      for (const word of ["left", "below"]) for (const line of startsOf(printing, word, n)) isRight(line, one);
      assert.equal(startsOf(printing, "left", n).length, 1);
    }
    enter(victim);
    await printing.until(() => startsOf(printing, "entered", victim.n).length > 0);
    for (const line of startsOf(printing, "entered", victim.n)) isRight(line, victim);
    await printing.end();
  });
});
