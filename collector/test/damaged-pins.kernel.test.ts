import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { skipUnless } from "../../tools/testing/needs.ts";
import { buildCollector } from "../build.mjs";
import { openKernel } from "../src/kernel/open-kernel.ts";
import { preparePinFolder } from "../src/kernel/pins.ts";
import { PinPlace } from "./collector-process.ts";
import { objectFolder, root } from "./kernel-watch.ts";
import {
  allEnded,
  drainAll,
  leavePinned,
  marked,
  otherBuild,
  pinAlso,
  pinnedPrograms,
  startPrograms,
  starts,
  upTo,
} from "./left-pinned.ts";

/** How a set that a process left can be found: what is done to it. */
const damages: Record<string, (set: string) => void> = {
  "killed before all maps were pinned": (set) => {
    for (const name of ["whole", "links", "maps/account"]) rmSync(join(set, name), { recursive: true });
  },
  "a map that is missing": (set) => rmSync(join(set, "maps", "counts")),
  "another map in the place of one": (set) => renameSync(join(set, "maps", "names"), join(set, "maps", "counts")),
  "a map that is none of ours in the place of a ring": (set) => {
    rmSync(join(set, "maps", "bulk"));
    pinAlso(join(set, "maps", "settings"), join(set, "maps", "bulk"));
  },
  "a link in the place of a map": (set) => {
    rmSync(join(set, "maps", "reader"));
    renameSync(join(set, "links", "process_exit"), join(set, "maps", "reader"));
  },
  "folders in the place of files": (set) => {
    rmSync(join(set, "whole"));
    mkdirSync(join(set, "whole", "deeper"), { recursive: true });
    renameSync(join(set, "maps", "names"), join(set, "spare"));
    rmSync(join(set, "maps"), { recursive: true });
    renameSync(join(set, "spare"), join(set, "maps"));
  },
};

describe("pins as a collector may find them", { skip: skipUnless("kernel") }, () => {
  const place = new PinPlace();
  const { folder, pin: pinFolder } = place;
  before(() => buildCollector({ root, log: () => undefined }));
  after(() => place.remove());

  const theSet = () => {
    const [name = ""] = readdirSync(pinFolder);
    return join(pinFolder, name);
  };

  for (const [what, damage] of Object.entries(damages)) {
    test(`${what}: all is made anew, and each program runs once`, async () => {
      await leavePinned(pinFolder);
      const programs = pinnedPrograms(pinFolder);
      damage(theSet());
      const source = openKernel({ objectFolder, pinFolder });
      try {
        assert.deepEqual([source.adopted, source.readAccount(), source.earlier], [false, undefined, undefined]);
        assert.ok(source.programs.every((one) => one.reason === undefined || !one.attached));
        await allEnded(programs);
        startPrograms("made-anew");
        assert.deepEqual(marked(drainAll(source), "made-anew"), upTo(starts));
      } finally {
        source.unpin();
      }
    });
  }

  const lost: Record<string, (link: string, set: string) => void> = {
    "is not pinned (an old kernel, or killed while pinning)": (link) => rmSync(link),
    "is something else": (link, set) => {
      rmSync(link);
      pinAlso(join(set, "maps", "names"), link);
    },
    "runs another program": (link, set) => {
      rmSync(link);
      renameSync(join(set, "links", "process_fork"), link);
    },
  };
  for (const [what, lose] of Object.entries(lost)) {
    test(`a link that ${what}: the program is attached anew, the rest goes on, and the gap is told`, async () => {
      const { ringId } = await leavePinned(pinFolder);
      const set = theSet();
      lose(join(set, "links", "process_exec"), set);
      const source = openKernel({ objectFolder, pinFolder });
      try {
        assert.deepEqual([source.adopted, source.ringId], [false, ringId]);
        assert.ok(source.gapUs > 0 && source.gapUs < 60e6, `${source.gapUs} us`);
        assert.equal(source.readAccount()?.toString(), "counted so far");
        startPrograms("attached-anew");
        const records = drainAll(source);
        assert.deepEqual(marked(records, "attached-anew"), upTo(starts));
        const pids = new Set(
          records.flatMap((one) => (one.kind === "exec" && one.argv[1] === "attached-anew" ? [one.task.pid] : [])),
        );
        for (const kind of ["fork", "exit"] as const)
          assert.equal(records.filter((one) => one.kind === kind && pids.has(one.task.pid)).length, starts, kind);
      } finally {
        source.unpin();
      }
    });
  }

  test("an earlier set that is not sound goes, and the new programs run", async () => {
    await leavePinned(pinFolder, { objects: otherBuild(folder, "unsound") });
    const programs = pinnedPrograms(pinFolder);
    rmSync(join(theSet(), "maps", "account"));
    const source = openKernel({ objectFolder, pinFolder });
    try {
      assert.equal(source.earlier, undefined);
      assert.equal(readdirSync(pinFolder).length, 1);
      await allEnded(programs);
    } finally {
      source.unpin();
    }
  });

  test("a bpffs that takes nothing more: the sensor runs, and says that it ends with the process", () => {
    preparePinFolder(pinFolder);
    execFileSync("mount", ["-o", "remount,ro", place.bpffs]);
    try {
      const source = openKernel({ objectFolder, pinFolder });
      const exec = source.programs.find((one) => one.name === "process_exec");
      assert.match(exec?.reason ?? "", /is not pinned .*read-only/i);
      startPrograms("unpinned");
      assert.deepEqual(marked(drainAll(source), "unpinned"), upTo(starts));
      source.close();
    } finally {
      execFileSync("mount", ["-o", "remount,rw", place.bpffs]);
    }
  });

  test("no bpffs is mounted over files of others, nor over the root", () => {
    const theirs = mkdtempSync(join(tmpdir(), "atalaya-theirs-"));
    writeFileSync(join(theirs, "file"), "theirs");
    assert.throws(() => preparePinFolder(join(theirs, "sensor")), /not empty/);
    assert.equal(readFileSync(join(theirs, "file"), "utf8"), "theirs");
    assert.throws(() => preparePinFolder("/atalaya-test-pins"), /not empty/);
    const roots = readFileSync("/proc/self/mountinfo", "utf8")
      .split("\n")
      .filter((line) => line.split(" ")[4] === "/");
    assert.equal(roots.length, 1);
    rmSync(theirs, { recursive: true });
  });
});
