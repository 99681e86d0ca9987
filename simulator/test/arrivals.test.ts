import assert from "node:assert/strict";
import { test } from "node:test";
import { Fault } from "@atalaya/wire";
import type { HubClient } from "@atalaya/wire/client";
import { type Arrival, findArrival, type Wanted } from "../src/report/arrival-list.ts";
import { AlertWatch } from "../src/report/arrivals.ts";
import { alertFixture, wholeAlertFixture } from "./alert-fixture.ts";

const id = "a".repeat(64);
const wanted: Wanted = { rules: ["Web Shell Activity"], subject: { containerIds: [id] }, beganUs: 1_900_000 };
const arrival = (changes: Partial<Arrival> = {}): Arrival => ({
  rule: "Web Shell Activity",
  alertId: "1",
  arrivedUs: 2_200_000,
  lastSeenUs: 2_000_000,
  containerId: id,
  namespace: undefined,
  pod: undefined,
  user: undefined,
  ...changes,
});

type Follow = HubClient["follow"];

/** A hub of which the test plays the stream. */
function playedHub() {
  const played = { send: (_data: unknown): void => assert.fail("not open"), fail: (_error: unknown): void => {} };
  const follow: Follow = (_topics, _query, onMessage, signal, onOpen) =>
    new Promise((done, failed) => {
      played.send = (data) => onMessage({ event: "alert", id: "1", data });
      played.fail = failed;
      signal.addEventListener("abort", () => done());
      onOpen?.();
    });
  const get: HubClient["get"] = () => Promise.reject(new Error("nothing is asked for"));
  return { hub: { url: "https://hub.invalid", follow, get }, played };
}

test("an alert counts by its rule, in this container, since the step began", () => {
  const counts = (changes: Partial<Arrival>) => findArrival([arrival(changes)], wanted) !== undefined;
  assert.ok(counts({}));
  assert.ok(!counts({ rule: "Drift Binary Executed" }));
  assert.ok(!counts({ containerId: "b".repeat(64) }));
  assert.ok(!counts({ containerId: id.slice(0, 12) }));
  assert.ok(!counts({ containerId: undefined }));
  assert.ok(!counts({ lastSeenUs: 1_000_000 }));
  assert.ok(!counts({ arrivedUs: 1_800_000 }));
});

test("where a product tells only twelve digits of a container, they are enough; fewer are not", () => {
  const told = (containerIdStart: string) => [arrival({ containerId: undefined, containerIdStart })];
  assert.notEqual(findArrival(told(id.slice(0, 12)), wanted), undefined);
  assert.equal(findArrival(told("b".repeat(12)), wanted), undefined);
});

test("on a cluster the pod counts, by namespace and name, and the account whose token was used", () => {
  const subject = {
    containerIds: [],
    pod: { namespace: "here", name: "victim" },
    user: "system:serviceaccount:here:victim",
  };
  const counts = (changes: Partial<Arrival>) =>
    findArrival([arrival({ containerId: "c".repeat(64), ...changes })], { ...wanted, subject }) !== undefined;
  assert.ok(counts({ namespace: "here", pod: "victim" }));
  assert.ok(!counts({ namespace: "there", pod: "victim" }));
  assert.ok(!counts({ namespace: "here", pod: "attacker" }));
  assert.ok(counts({ user: subject.user }));
  assert.ok(!counts({ user: "system:serviceaccount:there:victim" }));
});

test("an alert that folds a repeat counts by its last sighting, and by its arrival where there is none", () => {
  assert.notEqual(findArrival([arrival({ lastSeenUs: 2_000_000 })], wanted), undefined);
  assert.notEqual(findArrival([arrival({ lastSeenUs: undefined })], wanted), undefined);
});

test("who asked the API server is asked for, since a summary does not say it", async () => {
  const { hub, played } = playedHub();
  const watch = await AlertWatch.open({
    ...hub,
    get: async (path, schema) => {
      assert.equal(path, "/api/v1/alerts/01a20fc5119634c870696d6bf22c7011");
      return schema.parse(wholeAlertFixture({ who: { user: "system:serviceaccount:here:victim" } }));
    },
  });
  const beganUs = Date.now() * 1000;
  const subject = { containerIds: [], user: "system:serviceaccount:here:victim" };
  const waiting = watch.wait({ ...wanted, subject, beganUs }, beganUs + 5_000_000);
  played.send(alertFixture(id, { source: "k8s_audit", where: {}, last_seen_us: beganUs }));
  assert.equal((await waiting)?.user, subject.user);
  await watch.close();
});

test("who waits is woken by the alert, and what came before counts too", async () => {
  const { hub, played } = playedHub();
  const watch = await AlertWatch.open(hub);
  const beganUs = Date.now() * 1000;
  const alert = alertFixture(id, { last_seen_us: beganUs });
  const waiting = watch.wait({ ...wanted, beganUs }, beganUs + 5_000_000);
  played.send({ nothing: "of ours" });
  played.send(alert);
  assert.equal((await waiting)?.alertId, alert.alert_id);
  assert.equal((await watch.wait({ ...wanted, beganUs }, beganUs + 5_000_000))?.alertId, alert.alert_id);
  await watch.close();
});

test("what does not come in time is undefined, and what comes too late as well", async () => {
  const { hub, played } = playedHub();
  const watch = await AlertWatch.open(hub);
  const beganUs = Date.now() * 1000;
  assert.equal(await watch.wait({ ...wanted, beganUs }, beganUs + 20_000), undefined);
  played.send(alertFixture(id, { last_seen_us: beganUs }));
  assert.equal(await watch.wait({ ...wanted, beganUs }, beganUs + 1), undefined);
  await watch.close();
});

test("a hub that turns away ends the wait with its own words", async () => {
  const { hub, played } = playedHub();
  const watch = await AlertWatch.open(hub);
  const waiting = watch.wait(wanted, (Date.now() + 60_000) * 1000);
  played.fail(new Fault("CREDENTIAL_UNKNOWN", "revoked"));
  await assert.rejects(waiting, /revoked/);
});

test("a run that is stopped waits no longer", async () => {
  const { hub } = playedHub();
  const watch = await AlertWatch.open(hub);
  const stop = new AbortController();
  const waiting = watch.wait(wanted, (Date.now() + 60_000) * 1000, stop.signal);
  stop.abort(new Error("stopped"));
  await assert.rejects(waiting, /stopped/);
  await watch.close();
});
