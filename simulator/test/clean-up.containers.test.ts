import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { skipUnless } from "../../tools/testing/needs.ts";
import { removeAbandonedRuns, runtimeNames } from "../index.ts";
import { lockFile } from "../src/file-lock.ts";
import { mountsBelow } from "../src/mounts.ts";
import { processIdentity } from "../src/process-identity.ts";
import { abandonedRuns, closeRunFolder, openRunFolder } from "../src/run-folder.ts";

const skip = skipUnless("containers");
const program = fileURLToPath(new URL("./abandoned-run.ts", import.meta.url));

for (const runtime of runtimeNames) {
  test(`what a killed run with ${runtime} left is removed by the next one`, { skip }, async () => {
    const child = spawn(process.execPath, ["--disable-warning=ExperimentalWarning", program, runtime], {
      stdio: ["ignore", "pipe", "inherit"],
    });
    const [line] = await once(child.stdout, "data");
    const left = JSON.parse(String(line)) as { path: string; name: string; pid: number };
    child.kill("SIGKILL");
    await once(child, "close");
    assert.notEqual(processIdentity(left.pid), undefined);
    assert.ok(abandonedRuns().some(({ name }) => name === left.name));
    await removeAbandonedRuns();
    assert.equal(processIdentity(left.pid), undefined);
    assert.deepEqual(mountsBelow(left.path), []);
    assert.ok(!existsSync(left.path));
    assert.ok(!readFileSync("/proc/mounts", "utf8").includes(left.name));
    assert.ok(!existsSync(`/run/netns/${left.name}`));
  });
}

test("a run whose process lives is nobody's to remove", { skip }, async () => {
  const folder = await openRunFolder();
  try {
    assert.ok(!abandonedRuns().some(({ name }) => name === folder.name));
  } finally {
    await closeRunFolder(folder);
  }
});

test("the second who wants a lock gets it when the first lets go", async () => {
  const folder = mkdtempSync(join(tmpdir(), "lock-"));
  const order: string[] = [];
  const first = await lockFile(join(folder, "lock"));
  const second = lockFile(join(folder, "lock")).then(async (release) => {
    order.push("second");
    await release();
  });
  order.push("first lets go");
  await first();
  await second;
  assert.deepEqual(order, ["first lets go", "second"]);
  const stop = new AbortController();
  const held = await lockFile(join(folder, "lock"));
  const waiting = lockFile(join(folder, "lock"), stop.signal);
  stop.abort(new Error("stopped"));
  await assert.rejects(waiting, /stopped/);
  await held();
  rmSync(folder, { recursive: true });
});
