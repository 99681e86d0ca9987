// The flight recorder from the kernel to the alert: a real container, and the collector, publisher and hub that ship.
import assert from "node:assert/strict";
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { execInContainer } from "@atalaya/simulator";
import {
  type Alert,
  alertPageSchema,
  alertSchema,
  recorderPolicySchema,
  recordingPageSchema,
  sensorSchema,
} from "@atalaya/wire";
import * as z from "zod";
import { skipUnless } from "../tools/testing/needs.ts";
import { type Stack, startStack } from "./stack.ts";
import { withVictim } from "./victim.ts";

const rule = `
- rule: Recorded Alert
  desc: A program was started with a word that only this test knows
  condition: evt.type = execve and container.id != host and proc.args contains the-alert-itself
  output: it was started
  priority: Warning
`;
const marker = "MARKERx91b7";
const before = `/bin/true --password=${marker} what-led-to-it; exec 3<>/dev/tcp/127.0.0.1/4444; echo kept > /tmp/no-rule-asks; true`;

/** Looks until it is there. Throws after a minute, with what the stack said. */
async function until<T>(stack: Stack, what: string, look: () => Promise<T | undefined>): Promise<T> {
  const endMs = performance.now() + 60_000;
  for (;;) {
    const found = await look();
    if (found !== undefined) return found;
    assert.ok(performance.now() < endMs, `${what}: not within a minute\n${stack.lines.join("\n")}`);
    await sleep(200);
  }
}

async function answered(stack: Stack): Promise<Alert | undefined> {
  const { alerts } = await stack.client.get("/api/v1/alerts?rule=Recorded%20Alert", alertPageSchema);
  const id = alerts[0]?.alert_id;
  const alert = id === undefined ? undefined : await stack.client.get(`/api/v1/alerts/${id}`, alertSchema);
  return alert?.recording?.state === "answered" ? alert : undefined;
}

/** The version of the state that the collector says is in force, where it is newer than that. */
async function stateAfter(stack: Stack, version: number): Promise<number | undefined> {
  const { sensors } = await stack.client.get("/api/v1/sensors", z.object({ sensors: z.array(sensorSchema) }));
  const inForce = sensors[0]?.report?.state_version ?? 0;
  return inForce > version ? inForce : undefined;
}

test("what a container did before an alert was on its node alone, and is in the alert's tree, redacted", {
  skip: skipUnless("kernel", "containers"),
  timeout: 240_000,
}, async () => {
  const folder = mkdtempSync(join(tmpdir(), "atalaya-recorder-e2e-"));
  const file = join(folder, "rule.yaml");
  writeFileSync(file, rule);
  const stack = await startStack({ rules: [file] });
  try {
    const version = await until(stack, "a first state", () => stateAfter(stack, 0));
    await withVictim(async (victim, attacker) => {
      // Nobody is recorded until a scope says so.
      await execInContainer(victim, ["/bin/bash", "-c", "/bin/true too-early"]);
      await stack.client.put("/api/v1/recorder-policy", { scopes: [{ name: "all" }] }, recorderPolicySchema);
      await until(stack, "the policy in force", () => stateAfter(stack, version));
      await execInContainer(victim, ["/bin/bash", "-c", before]);
      await execInContainer(attacker, ["/bin/true", "elsewhere"]);
      await sleep(3_000);
      const found = readdirSync(stack.dataFolder, { recursive: true, encoding: "utf8" });
      assert.ok(
        found.some((name) => name.endsWith(".recorded")),
        "it lies beside the spool",
      );
      await execInContainer(victim, ["/bin/bash", "-c", "/bin/true the-alert-itself; true"]);
      const alert = await until(stack, "the alert with its recording", () => answered(stack));
      const page = await stack.client.get(`/api/v1/alerts/${alert.alert_id}/recording`, recordingPageSchema);
      const lines = page.events.map(({ class: name, activity, what }) => `${name} ${activity} ${what}`);
      process.stdout.write(`# ${JSON.stringify(alert.recording?.counts)}\n`);
      const all = lines.join("\n");
      assert.ok(
        lines.some((line) => /^process exec .*what-led-to-it$/.test(line)),
        all,
      );
      assert.ok(
        lines.some((line) => /^network connect tcp 127\.0\.0\.1:4444$/.test(line)),
        all,
      );
      assert.ok(lines.includes("file open /tmp/no-rule-asks"), "what no rule asks for");
      assert.ok(!all.includes("too-early"), "nothing from before the policy");
      assert.ok(!all.includes("elsewhere"), "nothing of another container");
      assert.ok(!all.includes(marker) && all.includes("<redacted>"), "redacted");
      for (const { class: name, lost } of alert.recording?.counts ?? []) assert.equal(lost, 0, name);
      assert.ok(alert.recording?.from_beginning, "all since the policy was in force");
      assert.ok(alert.process_tree.some((row) => row.subject && (row.recorded?.length ?? 0) > 0));
    });
  } finally {
    await stack.stop();
    rmSync(folder, { recursive: true, force: true });
  }
});
