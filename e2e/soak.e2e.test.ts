import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { skipUnless } from "../tools/testing/needs.ts";
import { phaseNames } from "./soak/phase-names.ts";
import type { SoakResult } from "./soak/soak.ts";

const skip = skipUnless("kernel", "containers");
const main = fileURLToPath(new URL("soak/main.ts", import.meta.url));
/** Three kills of ten seconds, and every disturbance for a few: `npm run soak` alone takes its time. */
const brief = ["--kills", "3", "--seconds", "10", "--cut-seconds", "10", "--hold-seconds", "4", "--json"];

async function runSoak(): Promise<SoakResult> {
  const child = spawn(process.execPath, ["--disable-warning=ExperimentalWarning", main, ...brief], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  let text = "";
  child.stdout.on("data", (part) => {
    text += part;
  });
  await once(child, "close");
  return JSON.parse(text) as SoakResult;
}

test("kills, full disks, wrong clocks, a cut network: nothing is lost without a name, every attack alerts", {
  skip,
}, async (t) => {
  const { checks, seed, folder } = await runSoak();
  const where = `seed ${seed}, logs in ${folder}`;
  for (const { phase, what, ok, detail } of checks) {
    await t.test(`${phase}: ${what}`, () => assert.ok(ok, `${detail}; ${where}`));
  }
  for (const name of phaseNames) {
    assert.ok(
      checks.some((one) => one.phase === name),
      `${name} was not run; ${where}`,
    );
  }
});
