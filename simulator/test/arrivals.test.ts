import assert from "node:assert/strict";
import { test } from "node:test";
import { type AlertSummary, Fault } from "@atalaya/wire";
import type { HubClient } from "@atalaya/wire/client";
import { AlertWatch, findArrival } from "../src/report/arrivals.ts";
import { alertFixture } from "./alert-fixture.ts";

const id = "a".repeat(64);
const wanted = { rules: ["Web Shell Activity"], containerId: id, beganUs: 1_900_000 };
const arrival = (alert: AlertSummary, arrivedUs = 2_200_000) => ({ alert, arrivedUs });

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
  return { hub: { url: "https://hub.invalid", follow }, played };
}

test("an alert counts by its rule, in this container, since the step began", () => {
  assert.notEqual(findArrival([arrival(alertFixture(id))], wanted), undefined);
  assert.equal(findArrival([arrival(alertFixture(id, { rule: "Drift Binary Executed" }))], wanted), undefined);
  assert.equal(findArrival([arrival(alertFixture("b".repeat(64)))], wanted), undefined);
  assert.equal(findArrival([arrival(alertFixture(id.slice(0, 12)))], wanted), undefined);
  assert.equal(findArrival([arrival(alertFixture(id, { where: {} }))], wanted), undefined);
  assert.equal(findArrival([arrival(alertFixture(id, { last_seen_us: 1_000_000 }))], wanted), undefined);
  assert.equal(findArrival([arrival(alertFixture(id), 1_800_000)], wanted), undefined);
});

test("an alert that folds a repeat counts by its last sighting", () => {
  const folded = alertFixture(id, { first_seen_us: 1_000_000, last_seen_us: 2_000_000, count: 2 });
  assert.notEqual(findArrival([arrival(folded)], wanted), undefined);
});

test("who waits is woken by the alert, and what came before counts too", async () => {
  const { hub, played } = playedHub();
  const watch = await AlertWatch.open(hub);
  const beganUs = Date.now() * 1000;
  const alert = alertFixture(id, { last_seen_us: beganUs });
  const waiting = watch.wait({ ...wanted, beganUs }, beganUs + 5_000_000);
  played.send({ nothing: "of ours" });
  played.send(alert);
  assert.equal((await waiting)?.alert.alert_id, alert.alert_id);
  assert.equal((await watch.wait({ ...wanted, beganUs }, beganUs + 5_000_000))?.alert.alert_id, alert.alert_id);
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
