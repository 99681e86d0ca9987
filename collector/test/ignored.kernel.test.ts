import assert from "node:assert/strict";
import { execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { before, describe, test } from "node:test";
import { skipUnless } from "../../tools/testing/needs.ts";
import { buildCollector } from "../build.mjs";
import { openKernel } from "../src/kernel/open-kernel.ts";
import type { KernelRecord } from "../src/kernel-record.ts";
import { objectFolder, root } from "./kernel-watch.ts";
import { drainAll } from "./left-pinned.ts";

/** Starts a program under that id, if nobody else is faster: the kernel gives the one after the last. */
function startAs(pid: number, mark: string): void {
  execFileSync("sh", ["-c", `echo ${pid - 1} > /proc/sys/kernel/ns_last_pid; /bin/true ${mark} & wait`]);
}

describe("processes that are not reported", { skip: skipUnless("kernel") }, () => {
  before(() => buildCollector({ root, log: () => undefined }));

  test("are our own alone: whoever gets the id of one that is gone is seen", async () => {
    const ours = spawn("sh", ["-c", "read line; exec /bin/true of-ours"], { stdio: ["pipe", "ignore", "inherit"] });
    await once(ours, "spawn");
    const pid = ours.pid ?? 0;
    const source = openKernel({ objectFolder, ignorePids: [pid] });
    const execs = (records: readonly KernelRecord[]) =>
      records.filter((one) => one.kind === "exec" && one.task.pid === pid);
    try {
      const ended = once(ours, "exit");
      ours.stdin.end("go\n");
      await ended;
      assert.deepEqual(execs(drainAll(source)), []);
      const seen: KernelRecord[] = [];
      for (let tries = 0; tries < 50 && seen.length === 0; tries++) {
        startAs(pid, "of-another");
        seen.push(...execs(drainAll(source)));
      }
      assert.equal(seen[0]?.kind === "exec" && seen[0].argv[1], "of-another");
    } finally {
      source.close();
    }
  });
});
