import assert from "node:assert/strict";
import { test } from "node:test";
import {
  type AtalayaEvent,
  blankEvent,
  decodeEvents,
  decodeFrame,
  type FrameHeader,
  isFirstRecording,
} from "@atalaya/wire";
import { ContainerRecorder } from "../src/container-recorder.ts";

const streams = { own: "1".repeat(16), earlier: "2".repeat(16), sensor: "3".repeat(16) };
const origin = { bootId: "0".repeat(32), node: "n", cluster: "c", workspace: "", streams };
const shop = { scopes: [{ name: "shop", namespaces: ["shop"] }] };

function made(policy = shop): ContainerRecorder {
  const recorder = new ContainerRecorder(origin);
  recorder.setWorkspace("w");
  recorder.setPolicy(policy);
  return recorder;
}

function event(name: "process" | "file" | "network", change: object = {}): AtalayaEvent {
  const activity = { process: "exec", file: "open", network: "connect" }[name];
  const where = { container_id: "c-1", k8s_namespace: "shop" };
  return { ...blankEvent(name), activity, time_us: 10, ...where, ...change } as unknown as AtalayaEvent;
}

type Taken = { header: FrameHeader; events: AtalayaEvent[] };
function taken(recorder: ContainerRecorder): Taken[] {
  return recorder.take().map((bytes) => {
    const frame = decodeFrame(bytes);
    assert.ok(frame.ok);
    const { header, body } = frame.value;
    const events = decodeEvents(body);
    assert.ok(events.ok);
    return { header, events: events.value };
  });
}

test("a frame is of one container and one class, and numbers the recording's events", () => {
  const recorder = made();
  for (const one of [event("process"), event("network"), event("network", { time_us: 20 })]) recorder.add(one);
  recorder.add(event("network", { container_id: "c-2" }));
  const frames = taken(recorder);
  const facts = frames.map(({ header: is, events }) => {
    return [is.containerId, is.class, is.firstPosition, is.lastPosition, events.length, is.firstTimeUs, is.lastTimeUs];
  });
  assert.deepEqual(facts, [
    ["c-1", "process", 1, 1, 1, 10, 10],
    ["c-1", "network", 1, 2, 2, 10, 20],
    ["c-2", "network", 1, 1, 1, 10, 10],
  ]);
  assert.deepEqual([frames[0]?.header.workspace, frames[0]?.header.node], ["w", "n"]);
  assert.equal(frames[0]?.header.layoutHash, frames[1]?.header.layoutHash, "one recording");
  assert.notEqual(frames[0]?.header.layoutHash, frames[2]?.header.layoutHash);
  recorder.add(event("network"));
  assert.equal(taken(recorder)[0]?.header.firstPosition, 3);
  assert.deepEqual(recorder.take(), []);
});

test("a scope that asks for labels records pods whose labels are known to fit, from then on", () => {
  const recorder = made();
  const web = { scopes: [{ name: "web", labels: { app: "web" } }] };
  recorder.setPolicy(web);
  const add = (uid: string) => recorder.add(event("process", { container_id: uid, k8s_pod_uid: uid }));
  for (const uid of ["pod-1", "pod-2"]) add(uid);
  assert.deepEqual(recorder.take(), []);
  recorder.setPolicy(web, { "pod-1": { app: "web" }, "pod-2": { app: "db" } });
  for (const uid of ["pod-1", "pod-2"]) add(uid);
  assert.deepEqual(
    taken(recorder).map(({ header }) => header.containerId),
    ["pod-1"],
  );
});

test("only what a scope names is recorded: by default nothing, the host never, a name that comes later counts from then on", () => {
  const none = made({ scopes: [] });
  none.add(event("process"));
  assert.deepEqual(none.take(), []);
  const all = made({ scopes: [{ name: "all" } as (typeof shop)["scopes"][0]] });
  for (const container_id of [null, "", "host"]) all.add(event("process", { container_id }));
  assert.deepEqual(all.take(), []);
  const recorder = made();
  recorder.add(event("process", { k8s_namespace: null }));
  recorder.add(event("process", { k8s_namespace: "other", container_id: "c-2" }));
  assert.deepEqual(recorder.take(), []);
  recorder.add(event("process"));
  assert.equal(taken(recorder)[0]?.header.firstPosition, 1);
  recorder.setPolicy({ scopes: [] });
  recorder.add(event("process"));
  assert.deepEqual(recorder.take(), []);
  recorder.setPolicy(shop);
  recorder.add(event("process"));
  assert.equal(taken(recorder)[0]?.header.firstPosition, 2, "the same recording goes on");
});

test("a recording's name says whether the container may have been recorded before", () => {
  const recorder = made();
  recorder.ranBefore("c-2");
  for (const container_id of ["c-1", "c-2"]) assert.equal(recorder.add(event("process", { container_id })), true);
  assert.equal(recorder.add(event("process", { container_id: "c-3", k8s_namespace: "other" })), false);
  const first = taken(recorder).map(({ header: is }) => [is.containerId, isFirstRecording(is.layoutHash)]);
  assert.deepEqual(first, [
    ["c-1", true],
    ["c-2", false],
  ]);
});

test("an event that does not encode is missing by its number", () => {
  const recorder = made();
  recorder.add(event("process"));
  recorder.add(event("process", { pid: -1 }));
  recorder.add(event("process"));
  const [frame] = taken(recorder);
  assert.deepEqual([frame?.header.firstPosition, frame?.header.lastPosition, frame?.events.length], [1, 3, 2]);
  recorder.add(event("process", { pid: -1 }));
  assert.deepEqual(recorder.take(), []);
  recorder.add(event("process"));
  assert.equal(taken(recorder)[0]?.header.firstPosition, 5);
});

test("a container that was not heard of among thousands of others begins another recording", () => {
  const recorder = made();
  recorder.add(event("process"));
  const before = taken(recorder)[0]?.header.layoutHash;
  for (let i = 0; i < 2_048; i++) recorder.add(event("process", { container_id: `other-${i}` }));
  assert.equal(recorder.take().length, 2_048);
  recorder.add(event("process"));
  const [again] = taken(recorder);
  assert.notEqual(again?.header.layoutHash, before);
  assert.equal(again?.header.firstPosition, 1);
});
