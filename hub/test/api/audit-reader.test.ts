import assert from "node:assert/strict";
import { monitorEventLoopDelay } from "node:perf_hooks";
import { test } from "node:test";
import { AuditReader } from "../../src/api/audit-reader.ts";

function bodyOf(text: string, records: number): Buffer {
  const item = (n: number) => ({
    ...{ level: "Request", auditID: `id-${n}`, stage: "ResponseComplete", verb: "create", user: { username: "a" } },
    stageTimestamp: "2026-01-02T03:04:05.100000Z",
    requestObject: { spec: { containers: [{ name: "a", args: Array.from({ length: 148 }, () => text) }] } },
  });
  return Buffer.from(JSON.stringify({ kind: "EventList", items: Array.from({ length: records }, (_, n) => item(n)) }));
}

test("a body that takes a second to read holds nobody else up", async (t) => {
  const reader = new AuditReader();
  const body = bodyOf("--token=x ".repeat(1_638), 4);
  assert.ok(body.length > 9 * 1_024 * 1_024);
  await reader.read(bodyOf("a".repeat(1_000), 1), 1);
  const delay = monitorEventLoopDelay({ resolution: 1 });
  delay.enable();
  const started = performance.now();
  const read = await reader.read(body, 1);
  const tookMs = performance.now() - started;
  delay.disable();
  assert.ok(read.ok && read.value.events.length === 4);
  const heldUpMs = delay.max / 1e6;
  t.diagnostic(`held up for ${heldUpMs.toFixed(0)} ms while reading took ${tookMs.toFixed(0)} ms`);
  assert.ok(heldUpMs < Math.max(100, tookMs / 3), `held up for ${heldUpMs} ms of ${tookMs}`);
  await reader.close();
});

test("bodies are answered each with its own, large and small, and a stopping reader sends for later", async () => {
  const reader = new AuditReader(1_000);
  const ids = await Promise.all(
    [1, 2, 3, 1].map(async (records) => {
      const read = await reader.read(bodyOf("a", records), 1);
      return read.ok ? read.value.events.length : 0;
    }),
  );
  assert.deepEqual(ids, [1, 2, 3, 1]);
  assert.deepEqual((await reader.read(Buffer.from("no json"), 1)).ok, false);
  assert.deepEqual((await reader.read(Buffer.from("no json".repeat(1_000)), 1)).ok, false);
  await reader.close();
  await assert.rejects(reader.read(bodyOf("a", 9), 1), { code: "BUSY" });
});

test("a body that needs more memory than it may is refused, and the next is read", async () => {
  const reader = new AuditReader(1_000, 16);
  const bomb = Buffer.from(`{"kind":"EventList","items":[${'{"a":[1]},'.repeat(2_000_000)}{}]}`);
  const [refused, behind] = await Promise.allSettled([reader.read(bomb, 1), reader.read(bodyOf("a", 2), 1)]);
  assert.ok(refused.status === "fulfilled" && !refused.value.ok);
  assert.equal(refused.value.code, "BODY_TOO_LARGE");
  assert.equal(behind.status, "rejected", "it is to be sent again");
  const read = await reader.read(bodyOf("a", 2), 1);
  assert.equal(read.ok && read.value.events.length, 2);
  await reader.close();
});
