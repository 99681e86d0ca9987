// A policy put in force by the command line stops a program in a container of its scope, and the alert says so.
import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { existsSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { setTimeout as pause } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import {
  type Container,
  execInContainer,
  openRunFolder,
  prepareVictimRoot,
  removeAbandonedRuns,
  removeRun,
  runcRuntime,
  startContainer,
} from "@atalaya/simulator";
import { type AlertSummary, alertPageSchema, sensorSchema } from "@atalaya/wire";
import * as z from "zod";
import { skipUnless } from "../tools/testing/needs.ts";
import { type Stack, startStack } from "./stack.ts";

const main = fileURLToPath(new URL("../cli/src/main.ts", import.meta.url));
const folder = mkdtempSync(join(tmpdir(), "atalaya-blocking-"));
const permitFile = join(folder, "enforce.json");
const permit = (blocking: "on" | "off") =>
  writeFileSync(permitFile, JSON.stringify({ blocking, permit: [{ namespaces: ["shop"] }] }));

async function withContainer(use: (container: Container) => Promise<void>): Promise<void> {
  await removeAbandonedRuns();
  const root = await prepareVictimRoot();
  const run = await openRunFolder();
  try {
    const annotations = { "io.kubernetes.cri.sandbox-namespace": "shop", "io.kubernetes.cri.sandbox-name": "web-0" };
    const args = ["/bin/sleep", "10000"];
    await use(await startContainer({ runtime: runcRuntime(run), folder: run, root: root.path, args, annotations }));
  } finally {
    await removeRun(run);
  }
}

async function until<T>(what: string, patienceMs: number, look: () => Promise<T | undefined>): Promise<T> {
  const end = performance.now() + patienceMs;
  for (;;) {
    const found = await look();
    if (found !== undefined) return found;
    assert.ok(performance.now() < end, `not within ${patienceMs} ms: ${what}`);
    await pause(100);
  }
}

function driftAlert(stack: Stack, path: string, verdict: string): Promise<AlertSummary> {
  return until(`an alert of ${path}: ${verdict}`, 20_000, async () => {
    const { alerts } = await stack.client.get("/api/v1/alerts?limit=200", alertPageSchema);
    return alerts.find(({ summary }) => summary.en.startsWith(`${path},`) && summary.en.includes(`(${verdict})`));
  });
}

async function blockingIs(stack: Stack, state: string, sum: number): Promise<void> {
  await until(`${state} in ${sum}`, 20_000, async () => {
    const { sensors } = await stack.client.get("/api/v1/sensors", z.object({ sensors: z.array(sensorSchema) }));
    const blocking = sensors[0]?.report?.blocking;
    return blocking?.state === state && blocking.containers + blocking.trials === sum ? true : undefined;
  });
}

test("a brought program is tried, blocked and let go, by policy, node and switch", {
  skip: skipUnless("kernel", "containers"),
  timeout: 180_000,
}, async () => {
  permit("on");
  const stack = await startStack({ enforce: permitFile });
  const drift = async (...args: string[]) => {
    const all = ["--disable-warning=ExperimentalWarning", main, "drift", ...args, "--data", stack.dataFolder];
    return (await promisify(execFile)(process.execPath, all)).stdout;
  };
  const apply = async (more: object) => {
    const file = join(folder, "drift.json");
    writeFileSync(file, JSON.stringify({ rules: [{ name: "shop", namespaces: ["shop"], action: "block", ...more }] }));
    await drift("apply", file);
  };
  try {
    await withContainer(async (container) => {
      /** Whether the program, a copy of touch, got as far as to its act. */
      let made = 0;
      const runs = async (name: string) => {
        const mark = `made-${++made}`;
        await execInContainer(container, ["/bin/cp", "/usr/bin/touch", `/${name}`]);
        await execInContainer(container, [`/${name}`, `/${mark}`]);
        return existsSync(join(container.upper, mark));
      };
      await apply({ trial: true });
      await blockingIs(stack, "on", 1);
      assert.equal(await runs("tried"), true);
      await driftAlert(stack, "/tried", "would_block");
      await apply({});
      await until("the block", 10_000, async () => ((await runs("stopped")) ? undefined : true));
      const { summary } = await driftAlert(stack, "/stopped", "blocked");
      assert.match(summary.es, /\(blocked\)/);
      const listed = await drift("blocked");
      assert.match(listed, /^would_block .*\/tried/m);
      assert.match(listed, /^blocked .*\/stopped/m);
      permit("off");
      await until("the switch", 2_000, async () => ((await runs("free")) ? true : undefined));
      await blockingIs(stack, "off", 0);
    });
  } finally {
    await stack.stop();
    rmSync(folder, { recursive: true, force: true });
  }
});
