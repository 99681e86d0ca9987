import assert from "node:assert/strict";
import { test } from "node:test";
import { alertPageSchema, openState, recorderPolicySchema, recordingName, recordingPageSchema } from "@atalaya/wire";
import { evilExec, frameBytes, processEvent } from "../core/hub-fixture.ts";
import { packed, processFrame } from "../frames.ts";
import { serveHub } from "../served-hub.ts";

const policy = { scopes: [{ name: "shop", namespaces: ["shop"] }] };
const layoutHash = recordingName(true, Buffer.alloc(7, 1));
const recordedOf = (containerId: string, node: string) => {
  const span = { firstPosition: 1, lastPosition: 1, layoutHash };
  return packed(frameBytes([processEvent({ container_id: containerId })], { containerId, node, ...span }));
};
const facts = "kept_from_us=7&cut=1&damaged=2";

test("a policy goes to the nodes, an alert asks at once, and only its own node's answer for its container counts", async (t) => {
  const hub = await serveHub(t);
  await assert.rejects(
    hub.client.put("/api/v1/recorder-policy", { scopes: [{ name: "x", pod: ["a"] }] }, recorderPolicySchema),
  );
  const before = await hub.sync("n-1", {});
  assert.ok(before.state !== undefined);
  const { version } = JSON.parse(before.state.state) as { version: number };
  const held = hub.sync("n-1", { holds: version, wait_s: 30 });
  assert.deepEqual(await hub.client.put("/api/v1/recorder-policy", policy, recorderPolicySchema), policy);
  const { state } = await held;
  assert.ok(state !== undefined);
  const opened = openState(state, hub.caPem, { cluster: "local", node: "n-1", version });
  assert.ok(opened.ok);
  assert.deepEqual(opened.value.recorder, policy);

  const waiting = hub.sync("n-1", { holds: opened.value.version, wait_s: 30 });
  const exec = evilExec({ k8s_namespace: "shop", container_id: "c-1" });
  assert.equal((await hub.post("n-1", "/v1/ingest", packed(processFrame([exec], { node: "n-1" })))).status, 200);
  const { pulls } = await waiting;
  const { alerts } = await hub.client.get("/api/v1/alerts", alertPageSchema);
  const id = alerts[0]?.alert_id ?? "";
  assert.deepEqual(
    pulls?.map((pull) => [pull.alert_id, pull.container_id]),
    [[id, "c-1"]],
  );

  const path = `/v1/recorded/${id}?${facts}`;
  const good = recordedOf("c-1", "n-1");
  assert.equal((await hub.post("n-2", path, recordedOf("c-1", "n-2"))).status, 404, "another node");
  assert.equal((await hub.post("n-1", path, recordedOf("c-1", "n-2"))).status, 403, "another node's name");
  assert.equal((await hub.post("n-1", path, recordedOf("c-2", "n-1"))).status, 400, "another container");
  assert.equal((await hub.post("n-1", path, Buffer.from("none"))).status, 415);
  assert.equal((await hub.post("n-1", `/v1/recorded/${id}`, good)).status, 400, "without what is known of the rest");
  assert.equal((await hub.post("n-1", `/v1/recorded/none?${facts}`, good)).status, 404);
  assert.equal((await hub.post("n-1", path, good)).status, 200);
  assert.equal((await hub.post("n-1", path, good)).status, 404, "answered already");
  const page = await hub.client.get(`/api/v1/alerts/${id}/recording`, recordingPageSchema);
  const { state: is, kept_from_us, cut, damaged, from_beginning } = page.recording;
  assert.deepEqual([is, kept_from_us, cut, damaged, from_beginning], ["answered", 7, true, 2, true]);
  assert.equal(page.events.length, 1);
});
