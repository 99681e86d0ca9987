import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { once } from "node:events";
import { existsSync, rmSync } from "node:fs";
import { test } from "node:test";
import { setTimeout as pause } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { pinFolderOf } from "../cli/src/pin-folder.ts";
import { skipUnless } from "../tools/testing/needs.ts";
import { startStack } from "./stack.ts";

const main = fileURLToPath(new URL("../cli/src/main.ts", import.meta.url));

function uninstall(...args: string[]) {
  const all = ["--disable-warning=ExperimentalWarning", main, "uninstall", ...args];
  const { status, stdout } = spawnSync(process.execPath, all, { encoding: "utf8" });
  return { status, stdout };
}

test("atalaya up pins: Ctrl-C ends the watch, a kill leaves it, and uninstall then removes it and says what", {
  skip: skipUnless("kernel"),
  timeout: 120_000,
}, async () => {
  const first = await startStack({ keepData: true });
  const { dataFolder } = first;
  const pins = pinFolderOf(dataFolder);
  try {
    assert.ok(existsSync(pins));
    const refused = uninstall("--data", dataFolder);
    assert.equal(refused.status, 1);
    assert.match(refused.stdout, /a collector runs on it/);
    assert.equal(await first.stop(), 0);
    assert.deepEqual(JSON.parse(uninstall("--data", dataFolder, "--json").stdout).folders[0].programs, []);

    const second = await startStack({ dataFolder, keepData: true });
    const ended = once(second.process, "exit");
    second.process.kill("SIGKILL");
    await ended;
    // Its parts hear that it is gone and end by themselves; what is pinned stays.
    let removed = uninstall("--data", dataFolder);
    for (const end = performance.now() + 15_000; removed.status !== 0 && performance.now() < end; ) {
      await pause(200);
      removed = uninstall("--data", dataFolder);
    }
    assert.match(removed.stdout, /removed \d+ programs and \d+ maps/);
    assert.equal(existsSync(pins), false);
  } finally {
    uninstall("--data", dataFolder, "--force");
    rmSync(dataFolder, { recursive: true, force: true });
  }
});
