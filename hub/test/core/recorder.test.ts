import assert from "node:assert/strict";
import { test } from "node:test";
import { zstdCompressSync } from "node:zlib";
import { type AtalayaEvent, blankEvent, type NetworkEvent, type RecordedEvent, recordingName } from "@atalaya/wire";
import type { HubCore } from "../../src/hub-core.ts";
import { evilExec, evilRule, frameBytes, frameOf, openTestHub, processEvent, sender } from "./hub-fixture.ts";

const of = { workspaceId: "main", cluster: "local", node: "node-1" };
const shop = { scopes: [{ name: "shop", namespaces: ["shop"] }] };
const inShop = (change: object = {}) => evilExec({ k8s_namespace: "shop", pid: 700, start_us: 7_000, ...change });

function connect(change: Partial<NetworkEvent> = {}): NetworkEvent {
  const where = { container_id: "c0ffee", pid: 700, start_us: 7_000, name: "evil", time_us: Date.now() * 1_000 };
  const address = { protocol: "tcp", dst_ip: "192.0.2.7", dst_port: 4_444 } as const;
  return { ...blankEvent("network"), activity: "connect", ...where, ...address, ...change };
}

type Span = { firstPosition: number; lastPosition: number; layoutHash?: string };
const recorded = (events: AtalayaEvent[], span: Span) => frameBytes(events, { containerId: "c0ffee", ...span });

function answerOf(...frames: Buffer[]) {
  return { frames: zstdCompressSync(Buffer.concat(frames)), keptFromUs: 5, isCut: false, damaged: 0 };
}

async function onlyAlert(hub: HubCore) {
  const { alerts } = await hub.alertPage("main", {});
  assert.equal(alerts.length, 1);
  return alerts[0]?.alert_id ?? "";
}

test("an alert in a recorded container asks its node once, over a restart too, and shows what came", async (t) => {
  const first = await openTestHub(t);
  assert.deepEqual(await first.hub.recorder.policy("main"), { scopes: [] });
  await first.hub.recorder.putPolicy("main", shop);
  await first.hub.ingest([frameOf([inShop()])], sender);
  const alertId = await onlyAlert(first.hub);
  const asked = first.hub.recorder.pulls(of);
  assert.deepEqual(
    asked.map((pull) => [pull.alert_id, pull.container_id]),
    [[alertId, "c0ffee"]],
  );
  assert.deepEqual(first.hub.recorder.pulls(of), [], "not again within some seconds");
  assert.deepEqual((await first.hub.alert("main", alertId))?.recording?.state, "asked");
  await first.close();

  const { hub } = await openTestHub(t, { dataFolder: first.folder });
  assert.deepEqual(await hub.recorder.policy("main"), shop);
  assert.deepEqual(hub.recorder.pulls({ ...of, node: "node-2" }), []);
  assert.deepEqual(hub.recorder.pulls(of), asked, "the next run asks again");
  const before = await hub.status("main");
  const earlier = Date.now() * 1_000 - 60_000_000;
  const refused = { activity: "connect_failed", error: -111 } as const;
  const network = recorded([connect({ time_us: earlier }), connect(refused)], { firstPosition: 3, lastPosition: 5 });
  const shell = processEvent({ pid: 701, start_us: 8_000, argv: ["sh", "-c", "id"], time_us: earlier + 5 });
  await hub.recorder.answer(of, alertId, answerOf(network, recorded([shell], { firstPosition: 1, lastPosition: 1 })));
  assert.equal(hub.recorder.open(of, alertId), undefined);
  assert.deepEqual(hub.recorder.pulls(of), []);

  const page = await hub.recorder.page("main", alertId);
  assert.deepEqual(page?.recording.counts, [
    { class: "network", events: 2, earlier: 2, lost: 1 },
    { class: "process", events: 1, earlier: 0, lost: 0 },
  ]);
  const { state, from_beginning, kept_from_us, undecodable, cut } = page?.recording ?? assert.fail();
  assert.deepEqual([state, from_beginning, kept_from_us, undecodable, cut], ["answered", false, 5, 0, false]);
  const shown = (events: readonly RecordedEvent[] = []) =>
    events.map((one) => `${one.class} ${one.activity} ${one.what}`);
  assert.deepEqual(shown(page?.events), [
    "network connect tcp 192.0.2.7:4444",
    "process exec sh -c id",
    "network connect_failed tcp 192.0.2.7:4444 ECONNREFUSED",
  ]);
  const alert = await hub.alert("main", alertId);
  const row = alert?.process_tree.find((one) => one.subject);
  assert.deepEqual(shown(row?.recorded), [
    "network connect tcp 192.0.2.7:4444",
    "network connect_failed tcp 192.0.2.7:4444 ECONNREFUSED",
  ]);
  assert.equal(alert?.count, 1, "no rule met what was recorded");
  assert.equal((await hub.status("main")).events_total, before.events_total, "nothing of it was counted");
  await hub.recorder.answer(of, alertId, answerOf());
  assert.equal((await hub.recorder.page("main", alertId))?.events.length, 3, "the first answer counts");
});

test("nothing is asked for a container that no scope names, for the host, or for another workspace's policy", async (t) => {
  const { hub } = await openTestHub(t);
  await hub.recorder.putPolicy("main", shop);
  await hub.recorder.putPolicy("elsewhere", { scopes: [{ name: "all" }] });
  const events = [inShop({ k8s_namespace: "other", container_id: "c1" }), inShop({ container_id: "host" })];
  await hub.ingest([frameOf(events)], sender);
  const { alerts } = await hub.alertPage("main", {});
  assert.equal(alerts.length, 2);
  assert.deepEqual(hub.recorder.pulls(of), []);
  for (const { alert_id } of alerts) assert.equal((await hub.alert("main", alert_id))?.recording, undefined);
});

test("too many alerts at once are told so, each, and the others are answered", async (t) => {
  const { hub } = await openTestHub(t);
  await hub.recorder.putPolicy("main", shop);
  const events = Array.from({ length: 70 }, (_, i) => inShop({ container_id: `c${i}` }));
  await hub.ingest([frameOf(events)], sender);
  const { alerts } = await hub.alertPage("main", { limit: 100 });
  const states = new Map<string, number>();
  for (const { alert_id } of alerts) {
    const state = (await hub.recorder.page("main", alert_id))?.recording.state ?? "none";
    states.set(state, (states.get(state) ?? 0) + 1);
  }
  assert.deepEqual([...states].sort(), [
    ["asked", 64],
    ["refused", 6],
  ]);
  assert.equal(hub.recorder.pulls(of).length, 16);
  assert.equal(hub.recorder.pulls(of).length, 16);
});

test("one container's alerts ask so often within an hour, answered or not, and others' go on", async (t) => {
  const text = evilRule.replace("fold: [container.id]", "fold: [container.id, proc.exepath]");
  const { hub } = await openTestHub(t, { builtIn: [{ path: "evil.yaml", text, pack: "built-in" }] });
  await hub.recorder.putPolicy("main", shop);
  const many = Array.from({ length: 40 }, (_, i) => inShop({ exe_path: `/tmp/evil-${i}`, pid: 800 + i }));
  await hub.ingest([frameOf(many)], sender);
  const asked: string[] = [];
  for (let round = 0; round < 4; round++) asked.push(...hub.recorder.pulls(of).map((pull) => pull.alert_id));
  assert.equal(asked.length, 32);
  for (const alertId of asked) await hub.recorder.answer(of, alertId, answerOf());
  const next = [inShop({ exe_path: "/tmp/evil-x", pid: 900 }), inShop({ container_id: "other" })];
  await hub.ingest([frameOf(next)], sender);
  assert.deepEqual(
    hub.recorder.pulls(of).map((pull) => pull.container_id),
    ["other"],
  );
});

test("a recording begins where the first of its container does, of each class", async (t) => {
  const [first, next] = [recordingName(true, Buffer.alloc(7, 1)), recordingName(false, Buffer.alloc(7, 2))];
  const of1 = (layoutHash: string, position = 1) => ({ firstPosition: position, lastPosition: position, layoutHash });
  const shell = processEvent({ time_us: Date.now() * 1_000 });
  const cases: [string, boolean, Buffer[]][] = [
    ["all of it", true, [recorded([connect()], of1(first)), recorded([shell], of1(first))]],
    ["before and after another collector", true, [recorded([shell], of1(first)), recorded([shell], of1(next))]],
    ["another collector's alone", false, [recorded([shell], of1(next))]],
    ["another collector's, of one class", false, [recorded([shell], of1(first)), recorded([connect()], of1(next))]],
    ["not from the first on", false, [recorded([shell], of1(first, 2))]],
    ["nothing", false, []],
  ];
  const { hub } = await openTestHub(t);
  await hub.recorder.putPolicy("main", shop);
  await hub.ingest([frameOf(cases.map((_, i) => inShop({ container_id: `c${i}`, pid: 700 + i })))], sender);
  const { alerts } = await hub.alertPage("main", {});
  assert.equal(alerts.length, cases.length);
  for (const [i, [what, isWhole, frames]] of cases.entries()) {
    const alertId = alerts[i]?.alert_id ?? "";
    await hub.recorder.answer(of, alertId, answerOf(...frames));
    assert.equal((await hub.recorder.page("main", alertId))?.recording.from_beginning, isWhole, what);
  }
});

test("an answer that holds what is no event is counted, and the rest is shown", async (t) => {
  const { hub } = await openTestHub(t);
  await hub.recorder.putPolicy("main", shop);
  await hub.ingest([frameOf([inShop()])], sender);
  const alertId = await onlyAlert(hub);
  const frame = recorded([connect()], { firstPosition: 1, lastPosition: 1 });
  const odd = recorded([connect(), connect()], { firstPosition: 2, lastPosition: 3 });
  const { crc32 } = await import("node:zlib");
  const headerBytes = odd.readUInt16LE(20);
  odd.writeUInt32LE(0xffff_ffff, headerBytes);
  odd.writeUInt32LE(crc32(odd.subarray(headerBytes)), 16);
  await hub.recorder.answer(of, alertId, answerOf(frame, odd));
  const page = await hub.recorder.page("main", alertId);
  assert.deepEqual([page?.events.length, page?.recording.undecodable], [1, 2]);
});

test("a frame whose events are not those of its header is not shown, and counted", async (t) => {
  const { hub } = await openTestHub(t);
  await hub.recorder.putPolicy("main", shop);
  await hub.ingest([frameOf([inShop()])], sender);
  const alertId = await onlyAlert(hub);
  const more = recorded([connect(), connect(), connect()], { firstPosition: 1, lastPosition: 3 });
  more.writeUInt32LE(1, 8); // the header says one
  const others = recorded([connect({ container_id: "c0" })], { firstPosition: 4, lastPosition: 4 });
  const good = recorded([connect()], { firstPosition: 5, lastPosition: 5 });
  await hub.recorder.answer(of, alertId, answerOf(more, others, good));
  const page = await hub.recorder.page("main", alertId);
  assert.deepEqual([page?.events.length, page?.recording.undecodable], [1, 2]);
});
