import assert from "node:assert/strict";
import { test } from "node:test";
import { setImmediate as nextTurn } from "node:timers/promises";
import type { DriftPolicy, RecorderPolicy } from "@atalaya/wire";
import { PoliciesInForce } from "../../src/core/policies-in-force.ts";
import { PodLabelTable } from "../../src/state/pod-labels.ts";

const drift: DriftPolicy = { rules: [{ name: "web", labels: { app: "web" }, action: "block" }] };
const recorder: RecorderPolicy = { scopes: [{ name: "db", labels: { tier: "db" } }] };
const all: Record<string, string> = { app: "web", tier: "db" };

/** The policies of a hub whose inventory has one pod, with what its node knew of it whenever a policy came into force. */
function withOnePod() {
  const at = { isBroken: false, knew: [] as unknown[], saved: [] as string[] };
  const podLabels = new PodLabelTable({
    async read(_, keys) {
      await nextTurn();
      if (at.isBroken) throw new Error("the database does not answer");
      const labels = Object.fromEntries(keys.map((key) => [key, all[key] ?? ""]));
      return { pods: [{ cluster: "c", node: "n", uid: "pod-1", labels }], leftOut: 0 };
    },
    changed: () => undefined,
    told: () => undefined,
    failed: () => undefined,
  });
  const knows = () => podLabels.of({ workspaceId: "main", cluster: "c", node: "n" })?.["pod-1"];
  const policies = new PoliciesInForce({
    podLabels,
    states: { driftChanged: () => void at.knew.push(knows()), recorded: () => void at.knew.push(knows()) },
    evaluate: () => undefined,
    async save(_workspaceId, name) {
      await nextTurn();
      at.saved.push(name);
    },
  });
  return { at, policies, podLabels };
}

test("two policies that are put at once each come into force with the labels that they ask for", async () => {
  const { at, policies, podLabels } = withOnePod();
  await Promise.all([policies.put("main", { drift }), policies.put("main", { recorder })]);
  assert.deepEqual(at.knew, [{ app: "web" }, { app: "web", tier: "db" }]);
  await podLabels.readAll();
  assert.deepEqual([policies.drift("main"), policies.recorder("main")], [drift, recorder]);
});

test("a policy whose labels cannot be read is not put in force and not stored, and one that asks for none is", async () => {
  const { at, policies } = withOnePod();
  at.isBroken = true;
  await assert.rejects(policies.put("main", { drift }), { code: "STORE_UNREACHABLE" });
  assert.deepEqual([at.saved, at.knew, policies.drift("main")], [[], [], { rules: [] }]);
  await policies.put("main", { drift: { rules: [{ name: "all", action: "alert" }] } });
  assert.deepEqual(at.saved, ["drift_policy"]);
  at.isBroken = false;
  await policies.put("main", { drift });
  assert.deepEqual(at.knew.at(-1), { app: "web" });
  at.isBroken = true;
  await policies.put("main", { drift: { rules: [] } });
  assert.deepEqual(policies.drift("main"), { rules: [] }, "to ask for less needs no reading");
});

test("policies whose labels could not be read at the start can still be taken away", async () => {
  const { at, policies, podLabels } = withOnePod();
  at.isBroken = true;
  policies.start("main", new Map([["drift_policy", JSON.stringify(drift)]]));
  await podLabels.readAll();
  await policies.put("main", { drift: { rules: [] } });
  assert.deepEqual(policies.drift("main"), { rules: [] });
});

test("policies that are put at once come into force in the order in which they are stored", async () => {
  const { policies } = withOnePod();
  const quick: DriftPolicy = { rules: [{ name: "all", action: "alert" }] };
  await Promise.all([policies.put("main", { drift }), policies.put("main", { drift: quick })]);
  assert.deepEqual(policies.drift("main"), quick);
});
