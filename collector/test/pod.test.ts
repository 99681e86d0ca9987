import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, describe, test } from "node:test";
import { fileURLToPath } from "node:url";
import { Fault } from "@atalaya/wire";
import { HealthFile, monotonicMs } from "../src/health-file.ts";
import { leave } from "../src/leave.ts";
import { shareFolder } from "../src/shared-folder.ts";

const healthy = fileURLToPath(new URL("../../build/collector/healthy", import.meta.url));
const folder = mkdtempSync(join(tmpdir(), "atalaya-pod-"));
after(() => rmSync(folder, { recursive: true, force: true }));

function probe(file: string, what: "alive" | "ready"): [number | null, string] {
  const { status, stdout } = spawnSync(healthy, [file, what], { encoding: "utf8" });
  return [status, stdout.trim()];
}

describe("a collector in a pod", () => {
  test("the probe tells a loop that stands still, a blind sensor, and a publisher that takes nothing", () => {
    const file = join(folder, "health");
    assert.deepEqual(probe(file, "alive"), [1, "the sensor has not said yet how it is"]);
    const health = new HealthFile(file);
    assert.deepEqual(probe(file, "alive"), [1, "the sensor has not said yet how it is"]);
    const nowMs = monotonicMs();
    const well = { aliveMs: nowMs, eventMs: nowMs, takenMs: nowMs };
    const cases = [
      [well, [0, ""], [0, ""]],
      [{ ...well, takenMs: 0 }, [0, ""], [1, "the publisher has taken nothing yet"]],
      [{ ...well, takenMs: nowMs - 61_500 }, [0, ""], [1, "the publisher has taken nothing for 61 s"]],
      [{ ...well, eventMs: nowMs - 89_000 }, [0, ""], [0, ""]],
      [{ ...well, eventMs: nowMs - 91_500 }, ...twice("the kernel has brought no event for 91 s")],
      [{ ...well, aliveMs: nowMs - 31_500 }, ...twice("the sensor's loop has stood still for 31 s")],
    ] as const;
    for (const [times, alive, ready] of cases) {
      health.write(times);
      assert.deepEqual(probe(file, "alive"), alive);
      assert.deepEqual(probe(file, "ready"), ready);
    }
    assert.equal(readFileSync(file).length, 48, "it does not grow");
  });

  test("a shared folder is the group's, and what is made in it is, too", () => {
    const shared = join(folder, "run", "atalaya");
    shareFolder(shared, 65_532);
    shareFolder(shared, 65_532);
    const { mode, gid } = statSync(shared);
    assert.deepEqual([(mode & 0o7777).toString(8), gid], ["2770", 65_532]);
    writeFileSync(join(shared, "made"), "");
    assert.equal(statSync(join(shared, "made")).gid, 65_532);
  });

  test("a folder of somebody else's, named by mistake, stays as it is; an empty one and one with our own things do not", () => {
    const theirs = join(folder, "theirs");
    mkdirSync(theirs, { mode: 0o755 });
    writeFileSync(join(theirs, "passwd"), "");
    const before = statSync(theirs);
    assert.throws(() => shareFolder(theirs, 65_532), /holds what no sensor made \(1 names\).*host\.runFolder/);
    const after = statSync(theirs);
    assert.deepEqual([after.mode, after.gid], [before.mode, before.gid]);
    const own = join(folder, "own");
    for (const path of [own, join(own, "spool"), join(own, "lost+found")]) mkdirSync(path);
    shareFolder(own, 65_532);
    writeFileSync(join(own, "added-later"), "");
    shareFolder(own, 65_532);
    assert.equal(statSync(own).gid, 65_532);
  });

  test("a link in the place of a shared folder is not followed", () => {
    const aim = join(folder, "aim");
    mkdirSync(aim, { mode: 0o700 });
    symlinkSync(aim, join(folder, "link"));
    assert.throws(() => shareFolder(join(folder, "link"), 65_532), Fault);
    assert.equal(statSync(aim).mode & 0o7777, 0o700);
  });

  test("told to leave, it removes its own, waits for what is the publisher's, and then says that it is ready", {
    timeout: 20_000,
  }, async () => {
    const [run, data, file] = ["leave-run", "leave-data", "leave-health"].map((name) => join(folder, name)) as [
      string,
      string,
      string,
    ];
    const state = join(data, "collector");
    for (const made of [run, data, state, join(data, "spool")]) mkdirSync(made);
    writeFileSync(join(state, "desired-state.json"), "{}");
    const lines: string[] = [];
    const ended = new AbortController();
    const left = leave(
      { pinFolder: undefined, stateFolder: state, sharedFolders: [run, data], hostRoot: "/", healthFile: file },
      (line) => {
        lines.push(line);
        ended.abort();
      },
      ended.signal,
    );
    while (existsSync(run)) await new Promise((soon) => setImmediate(soon));
    assert.deepEqual(probe(file, "ready"), [1, "the publisher has taken nothing yet"]);
    assert.ok(existsSync(join(data, "spool")));
    rmSync(join(data, "spool"), { recursive: true });
    await left;
    assert.equal(existsSync(data), false);
    assert.deepEqual(lines, ["nothing of the sensor is left on this machine"]);
  });
});

function twice(text: string) {
  return [
    [1, text],
    [1, text],
  ] as const;
}
