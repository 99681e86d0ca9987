import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { existsSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { setTimeout as pause } from "node:timers/promises";
import { emptyFilterPlan } from "@atalaya/wire";
import { skipUnless } from "../../tools/testing/needs.ts";
import { buildCollector } from "../build.mjs";
import { openKernel } from "../src/kernel/open-kernel.ts";
import { PinPlace } from "./collector-process.ts";
import { everything, objectFolder, root } from "./kernel-watch.ts";
import {
  allEnded,
  countOf,
  drainAll,
  leavePinned,
  marked,
  otherBuild,
  otherLayoutBuild,
  pinnedPrograms,
  startPrograms,
  starts,
  upTo,
} from "./left-pinned.ts";

describe("what outlives a collector", { skip: skipUnless("kernel") }, () => {
  const place = new PinPlace();
  const { folder, pin: pinFolder } = place;
  before(() => buildCollector({ root, log: () => undefined }));
  after(() => place.remove());

  test("the next process goes on with the rings, the counters and the account of one that was killed", async () => {
    const { ringId, released } = await leavePinned(pinFolder);
    startPrograms("while-nobody-read", 500);
    writeFileSync(join(folder, "left-behind"), "");
    execFileSync("cat", [join(folder, "left-behind")]);
    const source = openKernel({ objectFolder, pinFolder, ignorePids: [process.pid] });
    try {
      assert.deepEqual([source.adopted, source.gapUs, source.ringId], [true, 0, ringId]);
      assert.equal(source.earlier, undefined);
      assert.equal(source.readAccount()?.toString(), "counted so far");
      assert.ok(source.programs.filter((one) => one.attached).length > 15, JSON.stringify(source.programs));
      const records = drainAll(source);
      assert.deepEqual(marked(records, "while-nobody-read"), upTo(500));
      for (const ring of ["lifecycle", "bulk"] as const) {
        const positions = records.filter((record) => record.ring === ring).map((record) => record.position);
        assert.equal(positions[0], released[ring], "from where the killed one released");
        assert.ok(positions.every((position, i) => i === 0 || position > (positions[i - 1] ?? 0)));
      }
      // The filters of the one before held, and are ours to end.
      assert.ok(records.some((record) => record.kind === "open" && record.path.endsWith("left-behind")));
      assert.ok(countOf(source.counters(), "exec", "submitted") >= 500);
      assert.ok(source.snapshot().length > 1);
      source.setFilterPlan({
        ...emptyFilterPlan,
        version: 2,
        open_names: ["another"],
        exec_names: [],
        write_prefixes: [],
        dns_domains: [],
        calls: [],
        socket_names: [],
      });
      execFileSync("cat", [join(folder, "left-behind")]);
      assert.ok(!drainAll(source).some((record) => record.kind === "open" && record.path.endsWith("left-behind")));
    } finally {
      source.unpin();
    }
    assert.equal(existsSync(pinFolder), false);
  });

  test("adopting again and again leaves no file open and nothing mapped; the end leaves nothing in the kernel", async () => {
    await leavePinned(pinFolder);
    const held = () => [
      readdirSync("/proc/self/fd").length,
      readFileSync("/proc/self/maps", "utf8").match(/bpf/g)?.length,
    ];
    const adopt = () => {
      const source = openKernel({ objectFolder, pinFolder, ignorePids: [process.pid] });
      assert.equal(source.adopted, true);
      return source;
    };
    adopt().close();
    const before = held();
    for (let i = 0; i < 5; i++) adopt().close();
    assert.deepEqual(held(), before);
    const programs = pinnedPrograms(pinFolder);
    assert.ok(programs.length > 15);
    const source = adopt();
    assert.throws(() => openKernel({ objectFolder, pinFolder }), /Another collector is at work/);
    source.unpin();
    assert.ok(!existsSync(pinFolder));
    await allEnded(programs);
  });

  test("programs of another build run beside the new ones until what they saw was read", async () => {
    const objects = otherBuild(folder, "other-build");
    const { ringId } = await leavePinned(pinFolder, { objects });
    startPrograms("before-the-upgrade");
    const source = openKernel({ objectFolder, pinFolder });
    try {
      const { earlier } = source;
      assert.ok(earlier !== undefined);
      assert.equal(source.adopted, false);
      assert.deepEqual([earlier.ringId, earlier.readable], [ringId, true]);
      assert.equal(earlier.readAccount()?.toString(), "counted so far");
      startPrograms("while-both-see");
      assert.deepEqual(marked(drainAll(source), "while-both-see"), upTo(starts));
      earlier.detach();
      startPrograms("after-they-were-detached");
      const seen = drainAll(earlier);
      assert.deepEqual(marked(seen, "before-the-upgrade"), upTo(starts));
      assert.deepEqual(marked(seen, "while-both-see"), upTo(starts));
      assert.deepEqual(marked(seen, "after-they-were-detached"), []);
      assert.deepEqual(marked(drainAll(source), "after-they-were-detached"), upTo(starts));
      earlier.end();
      assert.equal(source.earlier, undefined);
      assert.equal(readdirSync(pinFolder).length, 1);
    } finally {
      source.unpin();
    }
  });

  test("what an upgrade does to the earlier programs is not more than their watch over themselves can tell", async () => {
    const objects = await otherLayoutBuild(folder);
    await leavePinned(pinFolder, { objects, plan: { ...everything, version: 1 } });
    const source = openKernel({ objectFolder, pinFolder });
    try {
      const { earlier } = source;
      assert.ok(earlier !== undefined);
      earlier.detach();
      assert.ok(countOf(earlier.counters(), "sensor_bpf", "submitted") > 0);
      assert.equal(countOf(earlier.counters(), "sensor_bpf", "throttled"), 0);
      earlier.end();
    } finally {
      source.unpin();
    }
  });

  test("to go on with a watch is not more than it can tell of itself, either", async () => {
    await leavePinned(pinFolder, { plan: { ...everything, version: 1 } });
    const source = openKernel({ objectFolder, pinFolder, ignorePids: [process.pid] });
    try {
      assert.equal(source.adopted, true);
      assert.equal(countOf(source.counters(), "sensor_bpf", "throttled"), 0);
    } finally {
      source.unpin();
    }
  });

  test("records that are laid out otherwise are read by the types of the programs that wrote them", async () => {
    await leavePinned(pinFolder, { objects: await otherLayoutBuild(folder) });
    startPrograms("laid-out-otherwise");
    writeFileSync(join(folder, "left-behind"), "");
    execFileSync("cat", [join(folder, "left-behind")]);
    const source = openKernel({ objectFolder, pinFolder });
    try {
      const { earlier } = source;
      assert.ok(earlier !== undefined);
      assert.deepEqual([earlier.readable, earlier.sameLayout], [true, false]);
      assert.equal(earlier.readAccount()?.toString(), "counted so far");
      startPrograms("while-both-see");
      earlier.detach();
      const [seen, ours] = [drainAll(earlier), drainAll(source)];
      for (const records of [seen, ours]) assert.deepEqual(marked(records, "while-both-see"), upTo(starts));
      assert.deepEqual(marked(seen, "laid-out-otherwise"), upTo(starts));
      assert.ok(seen.some((record) => record.kind === "open" && record.path.endsWith("left-behind")));
      // What both saw is the same to the last member.
      const [one, other] = [seen, ours].map((records) =>
        records
          .filter((record) => record.kind === "exec" && record.argv[1] === "while-both-see")
          .map(({ position: _position, bootUs: _bootUs, ...record }) => record),
      );
      assert.deepEqual(one, other);
      assert.ok(countOf(earlier.counters(), "exec", "submitted") >= 2 * starts);
      assert.equal(countOf(earlier.counters(), "exec", "ring_full"), 0);
      earlier.end();
      assert.equal(source.earlier, undefined);
    } finally {
      source.unpin();
    }
  });

  test("where no program is left to say how its records lie, only their number is told", async () => {
    const { read } = await leavePinned(pinFolder, { objects: await otherLayoutBuild(folder) });
    startPrograms("cannot-be-read");
    const [set] = readdirSync(pinFolder);
    rmSync(join(pinFolder, String(set), "links"), { recursive: true });
    const source = openKernel({ objectFolder, pinFolder });
    try {
      const { earlier } = source;
      assert.equal(earlier?.readable, false);
      earlier?.detach();
      const drained = earlier?.drain("lifecycle");
      assert.deepEqual(drained?.records, []);
      // Each program forks, executes and exits.
      assert.ok((drained?.undecodable.length ?? 0) >= 3 * starts, JSON.stringify({ drained, read }));
      earlier?.release("lifecycle", drained?.next ?? 0);
      assert.equal(earlier?.drain("lifecycle").undecodable.length, 0);
    } finally {
      source.unpin();
    }
  });

  test("when nobody has read for long, the rest is counted as unread; all that was counted is accounted for", async () => {
    const { read } = await leavePinned(pinFolder, { unreadAfterMs: 500 });
    startPrograms("perhaps-in-time");
    await pause(600);
    startPrograms("too-late");
    // As another build: what is detached counts no more, so that its numbers stand still.
    const source = openKernel({ objectFolder: otherBuild(folder, "balance"), pinFolder });
    try {
      const { earlier } = source;
      assert.ok(earlier !== undefined);
      startPrograms("read-again");
      earlier.detach();
      const records = drainAll(earlier);
      assert.deepEqual(marked(records, "too-late"), []);
      assert.deepEqual(marked(records, "read-again"), upTo(starts));
      const counters = earlier.counters();
      assert.ok(countOf(counters, "exec", "unread") >= starts);
      for (const kind of new Set(counters.map((one) => one.class))) {
        const value = (reason: string) => countOf(counters, kind, reason);
        const ways = ["submitted", "ring_full", "filtered", "scratch_busy", "unread"].map(value);
        const sum = ways.reduce((one, other) => one + other, 0);
        assert.equal(value("attempted"), sum, kind);
        const arrived = (read[kind] ?? 0) + records.filter((record) => record.kind === kind).length;
        assert.equal(arrived, value("submitted"), kind);
      }
    } finally {
      source.unpin();
    }
  });

  test("an account is whole or as it was, whenever its writer is killed", async () => {
    const lengths = new Set<number>();
    for (let kill = 0; kill < 6; kill++) {
      await leavePinned(pinFolder, { accountsForMs: Math.random() * 100 });
      const source = openKernel({ objectFolder, pinFolder });
      const account = source.readAccount();
      source.close();
      assert.ok(account !== undefined);
      assert.ok(account.equals(Buffer.alloc(account.length, account[0])), `mixed: ${account.toString("hex")}`);
      lengths.add(account.length);
    }
    assert.ok(lengths.size > 1, "they were killed at different moments");
    openKernel({ objectFolder, pinFolder }).unpin();
  });

  test("without a folder to pin in, all ends with the process", () => {
    const source = openKernel({ objectFolder });
    source.writeAccount(Buffer.from("kept while it runs"));
    assert.equal(source.readAccount()?.toString(), "kept while it runs");
    source.close();
    assert.ok(!existsSync(pinFolder));
    rmSync(join(folder, "left-behind"));
  });
});
