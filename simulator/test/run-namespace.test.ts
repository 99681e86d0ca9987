import assert from "node:assert/strict";
import { test } from "node:test";
import { newNamespaceName, removeOverdueRuns } from "../src/cluster/run-namespace.ts";
import { recordedKubectl } from "./recorded-kubectl.ts";

const over = "2026-01-01T00:00:00Z";
const nowMs = Date.parse("2026-01-02T00:00:00Z");

async function removedOf(t: Parameters<typeof recordedKubectl>[0], named: Record<string, string>): Promise<string[]> {
  const items = Object.entries(named).map(([name, time]) => ({
    metadata: { name, annotations: { "atalaya.dev/over-by": time } },
  }));
  const { kube, calls } = recordedKubectl(t, `"get namespaces"*) printf '%s' '${JSON.stringify({ items })}';;`);
  const count = await removeOverdueRuns(kube, nowMs);
  const removed = calls().flatMap((call) => /^delete namespace (\S+)/.exec(call)?.[1] ?? []);
  assert.equal(count, removed.length);
  assert.equal(calls().filter((call) => call.startsWith("uninstall ")).length, removed.length);
  return removed;
}

test("what an earlier run left is removed once its time is over, and a run under way is not", async (t) => {
  const [left, underWay] = [newNamespaceName(), newNamespaceName()];
  assert.deepEqual(await removedOf(t, { [left]: over, [underWay]: "2026-01-02T00:10:00Z" }), [left]);
});

test("a namespace that no run made is never removed, though it carries a run's marks", async (t) => {
  const foreign = [
    ...["kube-system", "billing", "atalaya-simulation", "atalaya-simulation-", "atalaya-simulation-billing"],
    ...["atalaya-simulation-0a1b2", "atalaya-simulation-0a1b2c3", "my-atalaya-simulation-0a1b2c"],
  ];
  const all = Object.fromEntries([...foreign, "atalaya-simulation-0a1b2c"].map((name) => [name, over]));
  assert.deepEqual(await removedOf(t, all), ["atalaya-simulation-0a1b2c"]);
});
