import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { emptyFilterPlan } from "@atalaya/wire";
import { skipUnless } from "../../tools/testing/needs.ts";
import { buildCollector } from "../build.mjs";
import { openKernel } from "../src/kernel/open-kernel.ts";
import type { KernelRecord } from "../src/kernel-record.ts";
import { buildCallProgram } from "./call-program.ts";
import { PinPlace } from "./collector-process.ts";
import { objectFolder, root } from "./kernel-watch.ts";
import { laterBuild, leavePinned, marked, startPrograms, starts, upTo } from "./left-pinned.ts";

describe("back to an earlier build", { skip: skipUnless("kernel") }, () => {
  const place = new PinPlace();
  const { folder, pin: pinFolder } = place;
  before(() => buildCollector({ root, log: () => undefined }));
  after(() => place.remove());

  test("of what the later build left in its rings, what this one does not know is counted, and all the rest is read", async () => {
    const calls = ["memfd_create", "mount_setattr"];
    const plan = { ...emptyFilterPlan, version: 1, open_names: ["left-behind"], calls };
    await leavePinned(pinFolder, { objects: await laterBuild(folder), plan });
    const program = buildCallProgram(folder);
    mkdirSync(join(folder, "mounted"));
    startPrograms("by-the-later-build");
    for (const call of ["memfd_create", "mount_setattr", "memfd_create"])
      execFileSync(program, [call, join(folder, "mounted")]);
    writeFileSync(join(folder, "left-behind"), "");
    execFileSync("cat", [join(folder, "left-behind")]);
    const source = openKernel({ objectFolder, pinFolder, ignorePids: [process.pid] });
    try {
      const { earlier } = source;
      assert.ok(earlier !== undefined);
      assert.deepEqual([earlier.readable, earlier.sameLayout], [true, false]);
      earlier.detach();
      const records: KernelRecord[] = [];
      const unread: string[] = [];
      for (const ring of ["lifecycle", "bulk"] as const) {
        for (let isEmpty = false; !isEmpty; ) {
          const drained = earlier.drain(ring);
          earlier.release(ring, drained.next);
          records.push(...drained.records);
          unread.push(...drained.undecodable.map(({ kind }) => kind));
          isEmpty = drained.records.length + drained.undecodable.length === 0;
        }
      }
      const ofKind = (kind: KernelRecord["kind"]) => records.filter((record) => record.kind === kind);
      assert.deepEqual(marked(records, "by-the-later-build"), upTo(starts));
      assert.ok(ofKind("exit").length >= starts);
      // Others on this machine may make such calls, too.
      const told = ofKind("call").flatMap((one) => (one.kind === "call" && one.task.comm === "calls" ? one.call : []));
      assert.deepEqual([told, ofKind("fork").length], [["memfd_create", "memfd_create"], 0]);
      assert.ok(records.some((record) => record.kind === "open" && record.path.endsWith("left-behind")));
      // Every program was born once, which has a name that we do not know; and one call set something.
      const unreadCalls = unread.filter((kind) => kind === "call").length;
      assert.ok(unread.length - unreadCalls >= starts, String(unread.length));
      assert.deepEqual([...new Set(unread)].sort(), ["call", "lifecycle"]);
      // All that their programs let go is one or the other.
      const submitted = (kinds: readonly string[]) =>
        earlier
          .counters()
          .filter((one) => one.reason === "submitted" && kinds.includes(one.class))
          .reduce((sum, { value }) => sum + value, 0);
      assert.equal(submitted(["call"]), ofKind("call").length + unreadCalls);
      earlier.end();
    } finally {
      source.unpin();
    }
  });
});
