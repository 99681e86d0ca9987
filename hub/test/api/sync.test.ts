import assert from "node:assert/strict";
import { test } from "node:test";
import {
  enrolledNodeSchema,
  ledgerPageSchema,
  openState,
  ruleSchema,
  type SignedState,
  sensorSchema,
} from "@atalaya/wire";
import * as z from "zod";
import { frameBytes, processEvent, reportEvent } from "../core/hub-fixture.ts";
import { packed } from "../frames.ts";
import { publisherReport, serveHub } from "../served-hub.ts";

const openRule = `
- rule: Evil File
  desc: A file that only evil programs open
  condition: evt.type in (open, openat, openat2) and fd.name = /etc/evil
  output: opened
  priority: Warning
`;
const builtIn = [{ path: "open.yaml", text: openRule, pack: "built-in" }];

const nodesSchema = z.object({ nodes: z.array(enrolledNodeSchema) });
const holder = { cluster: "local", node: "n-1", version: 0 };

function opened(state: SignedState | undefined, caPem: string, node = "n-1") {
  assert.ok(state !== undefined, "the reply carries a state");
  const read = openState(state, caPem, { ...holder, node });
  assert.ok(read.ok, JSON.stringify(read));
  return read.value;
}

test("a publisher gets its node's state, signed by the authority, and waits while there is no newer one", async (t) => {
  const hub = await serveHub(t);
  const first = await hub.sync("n-1", {});
  const state = opened(first.state, hub.caPem);
  assert.deepEqual([state.node, state.workspace, state.revoked], ["n-1", "default", false]);
  assert.ok(Math.abs(first.now_us - Date.now() * 1_000) < 5e6);
  const started = performance.now();
  const second = await hub.sync("n-1", { holds: state.version, wait_s: 0.3 });
  assert.equal(second.state, undefined);
  assert.ok(performance.now() - started >= 290);
});

test("a rule switch and a revocation are answered at once to those who wait, and a restart keeps the version", async (t) => {
  const hub = await serveHub(t, undefined, { builtIn });
  const { version, filters } = opened((await hub.sync("n-1", {})).state, hub.caPem);
  assert.deepEqual(filters.open_names, ["evil"]);
  const held = hub.sync("n-1", { holds: version, wait_s: 30 });
  const other = hub.sync("n-2", { holds: version, wait_s: 30 });
  await hub.client.put("/api/v1/rules/Evil%20File/enabled", { enabled: false }, ruleSchema);
  const switched = opened((await held).state, hub.caPem);
  assert.ok(switched.version > version);
  assert.deepEqual(switched.filters.open_names, []);
  assert.ok((await other).state !== undefined);
  const heldAgain = hub.sync("n-1", { holds: switched.version, wait_s: 30 });
  const { nodes } = await hub.client.get("/api/v1/nodes", nodesSchema);
  const id = nodes.find(({ node }) => node === "n-1")?.node_id;
  await hub.client.postText(`/api/v1/nodes/${id}/revoke`, undefined);
  const revoked = opened((await heldAgain).state, hub.caPem);
  assert.deepEqual([revoked.revoked, revoked.version > switched.version], [true, true]);
  await hub.close();
  const again = await serveHub(t, hub.data, { builtIn });
  const kept = opened((await again.sync("n-2", {})).state, again.caPem, "n-2");
  assert.equal(kept.version, switched.version);
  // Enrolled anew, the node may send again.
  const back = opened((await again.sync("n-1", {})).state, again.caPem);
  assert.deepEqual([back.revoked, back.version > revoked.version], [false, true]);
});

test("a node that holds a newer version than an older database knows gets a newer one still", async (t) => {
  const hub = await serveHub(t);
  const { version } = opened((await hub.sync("n-1", {})).state, hub.caPem);
  const newer = opened((await hub.sync("n-1", { holds: version + 1_000_000 })).state, hub.caPem);
  assert.ok(newer.version > version + 1_000_000);
});

test("the reply to an ingest carries the state unless its version is named; the plain plan is for those who name none", async (t) => {
  const hub = await serveHub(t);
  const { version } = opened((await hub.sync("n-1", {})).state, hub.caPem);
  const ingest = async (headers: Record<string, string>) => {
    const body = packed(frameBytes([processEvent({})], { node: "n-1" }));
    const answer = await hub.post("n-1", "/v1/ingest", body, headers);
    assert.equal(answer.status, 200, answer.text);
    return JSON.parse(answer.text) as { state?: SignedState; filters?: unknown };
  };
  assert.equal(opened((await ingest({ "x-atalaya-state": "0" })).state, hub.caPem).version, version);
  const current = await ingest({ "x-atalaya-state": String(version) });
  assert.deepEqual([current.state, current.filters], [undefined, undefined]);
  assert.ok((await ingest({})).filters !== undefined);
});

test("what publishers and the hub counted is in the ledger and the list of sensors, page by page, also after a restart", async (t) => {
  const hub = await serveHub(t);
  for (const node of ["n-1", "n-2", "n-3"]) {
    const answer = await hub.post(
      node,
      "/v1/ingest",
      packed(frameBytes([processEvent({}), processEvent({})], { node })),
    );
    assert.equal(answer.status, 200, answer.text);
    const counters = [
      { class: "process", reason: "received", value: 2 },
      { class: "process", reason: "delivered", value: 2 },
    ];
    await hub.sync(node, { publisher: publisherReport({ counters, now_us: Date.now() * 1_000 + 7_000_000 }) });
  }
  const first = await hub.client.get("/api/v1/ledger?limit=2", ledgerPageSchema);
  assert.deepEqual(
    first.nodes.map(({ node }) => node),
    ["n-1", "n-2"],
  );
  const second = await hub.client.get(`/api/v1/ledger?limit=2&after=${first.next}`, ledgerPageSchema);
  assert.deepEqual(
    second.nodes.map(({ node }) => node),
    ["n-3"],
  );
  assert.equal(second.next, null);
  assert.deepEqual(
    (await hub.client.get("/api/v1/ledger?node=n-2", ledgerPageSchema)).nodes.map(({ node }) => node),
    ["n-2"],
  );
  await hub.close();
  const again = await serveHub(t, hub.data);
  const page = await again.client.get("/api/v1/ledger", ledgerPageSchema);
  assert.deepEqual(
    page.nodes,
    [...first.nodes, ...second.nodes].map((one) => ({ ...one, lost_lately: 0, moving: true })),
  );
  const rows = page.nodes[0]?.rows.map(({ hop, class: name, in: came, out }) => [hop, name, came, out]);
  assert.deepEqual(rows, [
    ["publisher", "process", 2, 2],
    ["hub", "process", 2, 2],
  ]);
});

test("a sensor of the list has what its publisher said, and how far its clock is away", async (t) => {
  const hub = await serveHub(t);
  await hub.post("n-1", "/v1/ingest", packed(frameBytes([reportEvent({ node: "n-1" })], { node: "n-1", ring: 2 })));
  await hub.sync("n-1", { publisher: publisherReport({ now_us: Date.now() * 1_000 + 7_000_000 }) });
  const schema = z.object({ sensors: z.array(sensorSchema) });
  const [sensor] = (await hub.client.get("/api/v1/sensors", schema)).sensors;
  assert.equal(sensor?.publisher?.epoch, "p1");
  assert.ok(Math.abs((sensor?.clock_us ?? 0) - 7e6) < 2e6, String(sensor?.clock_us));
  assert.equal(sensor?.revoked, false);
});

test("what a sensor's report left out, for nothing was counted of it, stands in the figures as 0", async (t) => {
  const hub = await serveHub(t);
  const of = (hop: string, reason: string) =>
    `atalaya_node_events{workspace="default",cluster="local",node="n-1",hop="${hop}",class="file",reason="${reason}"}`;
  await hub.post("n-1", "/v1/ingest", packed(frameBytes([processEvent({})], { node: "n-1" })));
  // A node of which no collector told anything: that its kernel lost nothing is not known.
  assert.ok(!(await hub.client.text("/metrics")).includes('hop="kernel"'));
  const counters = [{ class: "open", reason: "submitted", value: 3 }];
  await hub.post(
    "n-1",
    "/v1/ingest",
    packed(frameBytes([reportEvent({ node: "n-1", counters })], { node: "n-1", ring: 2 })),
  );
  const text = await hub.client.text("/metrics");
  assert.ok(text.includes(`${of("kernel", "submitted")} 3`), text);
  for (const reason of ["attempted", "ring_full", "throttled"]) assert.ok(text.includes(`${of("kernel", reason)} 0`));
  assert.ok(!text.includes(of("kernel", "torn")));
});

test("the figures have every node's account and state, and of reasons only those that the ledger names", async (t) => {
  const hub = await serveHub(t);
  await hub.post("n-1", "/v1/ingest", packed(frameBytes([processEvent({})], { node: "n-1" })));
  const counters = [
    { class: "process", reason: "received", value: 3 },
    { class: "process", reason: "a reason of the sender's choice", value: 1 },
    { class: 'a class"} 1', reason: "given_up", value: 2 },
  ];
  const { state } = await hub.sync("n-1", { publisher: publisherReport({ counters }) });
  const { version } = opened(state, hub.caPem);
  const confirmed = { version, refused: "not today" };
  await hub.sync("n-1", { publisher: publisherReport({ counters }), holds: version, confirmed });
  const text = await hub.client.text("/metrics");
  const of = 'workspace="default",cluster="local",node="n-1"';
  for (const line of [
    `atalaya_node_events{${of},hop="hub",class="process",reason="received"} 1`,
    `atalaya_node_events{${of},hop="hub",class="process",reason="committed"} 1`,
    `atalaya_node_state_version{${of},side="wanted"} ${version}`,
    `atalaya_node_state_version{${of},side="confirmed"} ${version}`,
    `atalaya_node_states_refused{${of}} 1`,
    `atalaya_node_spool_bytes{${of}} 0`,
    "atalaya_nodes_not_shown 0",
  ]) {
    assert.ok(
      text.includes(line),
      `${line} in\n${text
        .split("\n")
        .filter((one) => one.includes("n-1"))
        .join("\n")}`,
    );
  }
  assert.ok(!text.includes("of the sender's choice") && !text.includes("a class"));
});
