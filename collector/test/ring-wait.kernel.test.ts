import assert from "node:assert/strict";
import { execFile, execFileSync } from "node:child_process";
import { once } from "node:events";
import { after, before, describe, test } from "node:test";
import { setTimeout as pause } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { Worker } from "node:worker_threads";
import { skipUnless } from "../../tools/testing/needs.ts";
import { buildCollector } from "../build.mjs";
import { loadAddon } from "../src/kernel/addon.ts";
import { openKernel } from "../src/kernel/open-kernel.ts";
import type { OpenedKernel } from "../src/kernel-source.ts";
import { objectFolder, root } from "./kernel-watch.ts";

const longMs = 600_000;
const promisedMs = 5_000;

/** Until a look finds nothing: then what is found by a wait came later. */
function drainAll(source: OpenedKernel): string[] {
  const found: string[] = [];
  for (;;) {
    const records = (["bulk", "lifecycle"] as const).flatMap((ring) => source.drain(ring).records);
    if (records.length === 0) return found;
    for (const record of records) if (record.kind === "exec") found.push(...record.argv);
  }
}

/** True when the wait ended within the time. */
async function ends(of: Promise<unknown>, withinMs: number): Promise<boolean> {
  return await Promise.race([of.then(() => true), pause(withinMs, false)]);
}

describe("a wait for records", { skip: skipUnless("kernel") }, () => {
  let source: OpenedKernel;
  before(async () => {
    await buildCollector({ root, log: () => undefined });
    source = openKernel({ objectFolder, ignorePids: [process.pid] });
  });
  after(() => source.close());

  test("ends when a program starts, and is one wait", async () => {
    for (const marker of ["first", "second"]) {
      drainAll(source);
      let calls = 0;
      const found: string[] = [];
      const ended = new Promise<void>((resolve) => {
        const look = () => {
          calls += 1;
          found.push(...drainAll(source));
          // Other programs of this machine start as well.
          if (found.includes(marker)) resolve();
          else source.whenFilled(10, longMs, look);
        };
        source.whenFilled(10, longMs, look);
      });
      execFileSync("/bin/true", [marker]);
      assert.ok(await ends(ended, promisedMs), `seen: ${found.join(" ")}`);
      const before = calls;
      execFileSync("/bin/true", ["nobody waits"]);
      await pause(100);
      assert.equal(calls, before);
    }
  });

  test("is told by whoever brings a record, without a look at the rings; who brings the next tells nobody", async () => {
    const resting = () => loadAddon(objectFolder).mapLookup("resting", Buffer.alloc(4)).readUInt32LE();
    drainAll(source);
    const ended = new Promise<void>((resolve) => source.whenFilled(longMs, longMs, resolve));
    execFileSync("/bin/true");
    assert.ok(await ends(ended, promisedMs));
    assert.equal(resting(), 0);
    // Other programs of this machine start as well, between the two lines even.
    const asks = () => {
      source.whenFilled(longMs, longMs, () => undefined);
      return resting() === 1;
    };
    assert.ok(Array.from({ length: 100 }).some(asks));
    // The word of a wait that has ended may be on its way still: the next test's is not to take it for its own.
    await new Promise<void>((resolve) => source.whenFilled(1, 1, resolve));
    await pause(50);
  });

  test("ends at the latest when its time is over", async () => {
    drainAll(source);
    const startedMs = performance.now();
    // A look so seldom that only the end of the time can be what ends it.
    const ended = new Promise<void>((resolve) => source.whenFilled(200, 1, resolve));
    assert.ok(await ends(ended, promisedMs));
    const isEarly = performance.now() - startedMs < 1;
    // Other programs of this machine may have brought something.
    assert.ok(!isEarly || source.drain("lifecycle").records.length + source.drain("bulk").records.length > 0);
  });

  test("gives way to the next one, whose word alone counts", async () => {
    drainAll(source);
    const called: string[] = [];
    source.whenFilled(10, longMs, () => called.push("before"));
    const ended = new Promise<void>((resolve) => source.whenFilled(10, longMs, resolve));
    execFileSync("/bin/true");
    assert.ok(await ends(ended, promisedMs));
    await pause(50);
    assert.deepEqual(called, []);
  });

  test("ends when rings are let go of, and can begin anew", async () => {
    drainAll(source);
    const ended = new Promise<void>((resolve) => source.whenFilled(longMs, longMs, resolve));
    loadAddon(objectFolder).forgetMaps("earlier/");
    assert.ok(await ends(ended, promisedMs));
  });

  test("ends when it is cut before its thread ran for the first time", async () => {
    const program = fileURLToPath(new URL("./programs/cuts-a-wait.ts", import.meta.url));
    const node = [process.execPath, "--disable-warning=ExperimentalWarning", program, objectFolder];
    const { stdout } = await promisify(execFile)("taskset", ["-c", "0", ...node], { timeout: 60_000 });
    assert.equal(stdout, "ended\n");
  });

  test("ends with the watch, without a word", async () => {
    drainAll(source);
    let calls = 0;
    source.whenFilled(10, longMs, () => {
      calls += 1;
    });
    source.close();
    execFileSync("/bin/true");
    await pause(100);
    assert.equal(calls, 0);
    source = openKernel({ objectFolder, ignorePids: [process.pid] });
  });

  test("ends with a thread that is ended while it waits", async () => {
    for (let i = 0; i < 3; i++) {
      const worker = new Worker(new URL("./programs/waits-for-records.ts", import.meta.url), {
        workerData: { objectFolder },
      });
      const [word] = (await once(worker, "message")) as [string];
      assert.equal(word, "waits");
      assert.equal(await worker.terminate(), 1);
    }
  });
});
