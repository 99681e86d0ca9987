import assert from "node:assert/strict";
import { test } from "node:test";
import { Fault } from "@atalaya/wire";
import { pipelineLimits } from "../../src/core/limits.ts";
import { bootId, evilExec, frameOf, openTestHub, processEvent, sender } from "./hub-fixture.ts";

test("an acknowledged event is an alert on the page, with where, who, why and the rendered texts", async (t) => {
  const { hub } = await openTestHub(t);
  const event = evilExec({ k8s_namespace: "shop", k8s_pod: "web-1", uid: 33, user_name: "www-data" });
  const reply = await hub.ingest([frameOf([processEvent({}), event])], sender);
  assert.deepEqual(reply, { accepted: 2, duplicates: 0 });
  const { alerts } = await hub.alertPage("main", {});
  assert.equal(alerts.length, 1);
  const alert = await hub.alert("main", alerts[0]?.alert_id ?? "");
  assert.ok(alert);
  assert.equal(alert.title.es, "Programa de autenticación maligno");
  assert.equal(alert.summary.en, "“evil --now” ran in c0ffee");
  assert.equal(alert.severity, "high");
  assert.equal(alert.first_seen_us, event.time_us);
  assert.deepEqual(alert.where, {
    cluster: "local",
    node: "node-1",
    namespace: "shop",
    pod: "web-1",
    container_id: "c0ffee",
  });
  assert.deepEqual(alert.who, { uid: 33, user: "www-data" });
  assert.equal(alert.why.result, true);
  assert.equal(alert.raw["name"], "evil");
  assert.equal(alert.triage[0]?.en, "Look at 'evil --now'");
  assert.equal(alert.evidence.length, 1);
});

test("a frame that is delivered twice counts once, also after a restart", async (t) => {
  const first = await openTestHub(t);
  const frame = frameOf([processEvent({}), evilExec()]);
  await first.hub.ingest([frame], sender);
  assert.deepEqual(await first.hub.ingest([frame], sender), { accepted: 0, duplicates: 2 });
  await first.close();
  const second = await openTestHub(t, { dataFolder: first.folder });
  assert.deepEqual(await second.hub.ingest([frame], sender), { accepted: 0, duplicates: 2 });
  const { alerts } = await second.hub.alertPage("main", {});
  assert.deepEqual(
    alerts.map((alert) => alert.count),
    [1],
  );
  assert.equal((await second.hub.status("main")).events_total, 2);
});

test("frames cut anew by a collector that starts again bring only the events that were not committed", async (t) => {
  const { hub } = await openTestHub(t);
  const [a, b, c] = [evilExec(), evilExec(), evilExec()];
  await hub.ingest([frameOf([a, b])], sender);
  assert.deepEqual(await hub.ingest([frameOf([b, c])], sender), { accepted: 1, duplicates: 1 });
  const { alerts } = await hub.alertPage("main", {});
  assert.equal(alerts[0]?.count, 3);
});

test("the same frame sent twice at once counts once", async (t) => {
  const { hub } = await openTestHub(t);
  const frame = frameOf([evilExec()]);
  const replies = await Promise.all([hub.ingest([frame], sender), hub.ingest([frame], sender)]);
  assert.equal(
    replies.reduce((sum, reply) => sum + reply.accepted, 0),
    1,
  );
});

test("a ring that starts again at position 0 is not taken for a repetition", async (t) => {
  const { hub } = await openTestHub(t);
  const timeUs = Date.now() * 1_000;
  await hub.ingest([frameOf([evilExec({ position: 9_000, time_us: timeUs })])], sender);
  const again = evilExec({ position: 64, time_us: timeUs + 2_000_000 });
  assert.deepEqual(await hub.ingest([frameOf([again])], sender), { accepted: 1, duplicates: 0 });
});

test("the first record of a ring, at position 0, is known when it comes again, also of a process that a scan found", async (t) => {
  const { hub } = await openTestHub(t);
  const first = frameOf([processEvent({ position: 0, from_snapshot: true }), processEvent({ position: 64 })]);
  assert.deepEqual(await hub.ingest([first], sender), { accepted: 2, duplicates: 0 });
  assert.deepEqual(await hub.ingest([first], sender), { accepted: 0, duplicates: 2 });
});

test("rings, boots and nodes have positions of their own", async (t) => {
  const { hub } = await openTestHub(t);
  const event = evilExec();
  const frames = [
    frameOf([event]),
    frameOf([event], { ring: 1 }),
    frameOf([event], { node: "node-2" }),
    frameOf([event], { bootId: bootId.replace("0", "1") }),
    frameOf([event], { layoutHash: "fedcba9876543210" }),
  ];
  assert.deepEqual(await hub.ingest(frames, sender), { accepted: 5, duplicates: 0 });
});

test("a frame whose body does not decode is refused whole, and nothing of its request counts", async (t) => {
  const { hub } = await openTestHub(t);
  const good = frameOf([evilExec()]);
  const bad = { header: frameOf([evilExec()]).header, body: Buffer.from([9, 9, 9, 9]) };
  await assert.rejects(
    hub.ingest([good, bad], sender),
    (error) => error instanceof Fault && error.code === "EVENT_MALFORMED",
  );
  assert.equal((await hub.alertPage("main", {})).alerts.length, 0);
  assert.deepEqual(await hub.ingest([good], sender), { accepted: 1, duplicates: 0 });
});

test("beyond the bytes in flight a sender is told how long to wait, and is served later", async (t) => {
  const { hub } = await openTestHub(t);
  const frame = frameOf([processEvent({ argv: ["x".repeat(60_000)] })]);
  const big = Array.from({ length: Math.ceil(pipelineLimits.inFlightBytesMax / frame.body.length / 2) }, () => frame);
  const taken = [hub.ingest(big, sender)];
  await assert.rejects(
    hub.ingest([...big, ...big], sender),
    (error) => error instanceof Fault && error.code === "BUSY" && Number(error.facts["retry_after_s"]) >= 1,
  );
  await Promise.all(taken);
  assert.deepEqual(await hub.ingest([frameOf([evilExec()])], sender), { accepted: 1, duplicates: 0 });
  assert.match(await hub.metrics(), /atalaya_hub_requests_refused_total\{code="BUSY"\} 1/);
});

test("workspaces see nothing of each other", async (t) => {
  const { hub } = await openTestHub(t);
  const frame = frameOf([evilExec()]);
  await hub.ingest([frame], sender);
  const reply = await hub.ingest([frame], { ...sender, workspaceId: "other" });
  assert.deepEqual(reply, { accepted: 1, duplicates: 0 });
  const [mine, others] = await Promise.all([hub.alertPage("main", {}), hub.alertPage("other", {})]);
  assert.equal(mine.alerts.length + others.alerts.length, 2);
  const theirs = others.alerts[0]?.alert_id ?? "";
  assert.equal(await hub.alert("main", theirs), undefined);
  assert.equal(await hub.actOnAlert("main", theirs, { action: "resolve", text: "" }, "eve"), undefined);
  assert.equal((await hub.alert("other", theirs))?.status, "new");
  assert.deepEqual(await hub.alertsSince("third", 0), []);
  await hub.setRuleEnabled("main", "Evil Program", false, "eve");
  assert.equal((await hub.rules("other")).find((rule) => rule.rule === "Evil Program")?.enabled, true);
});

test("listeners hear of a commit, in order, with numbers that grow, and of events only while they ask", async (t) => {
  const { hub } = await openTestHub(t);
  const commits: number[] = [];
  const names: string[] = [];
  const seen = Promise.withResolvers<void>();
  t.after(hub.listen({ alert: (change) => commits.push(change.commit) }));
  await hub.ingest([frameOf([evilExec()])], sender);
  const stop = hub.listen({
    event: (_, node, event) => {
      names.push(`${node} ${"name" in event ? event.name : ""}`);
      seen.resolve();
    },
  });
  await hub.ingest([frameOf([evilExec({ container_id: "beef" })])], sender);
  await seen.promise;
  stop();
  await hub.ingest([frameOf([evilExec()])], sender);
  assert.deepEqual(commits, [1, 2, 3]);
  assert.equal(await hub.lastCommit("main"), 3);
  assert.deepEqual(names, ["node-1 evil"]);
  const missed = await hub.alertsSince("main", 1);
  assert.deepEqual(
    missed.map((change) => change.commit),
    [2, 3],
  );
});

test("a frame whose header counts other events than it holds is refused, and the next one is taken", async (t) => {
  const { hub } = await openTestHub(t);
  const frame = frameOf([processEvent({}), evilExec()]);
  for (const eventCount of [0, 1, 3]) {
    const lying = { ...frame, header: { ...frame.header, eventCount } };
    await assert.rejects(
      hub.ingest([lying], sender),
      (error) => error instanceof Fault && /MALFORMED/.test(error.code),
    );
  }
  assert.deepEqual(await hub.ingest([frame], sender), { accepted: 2, duplicates: 0 });
});
