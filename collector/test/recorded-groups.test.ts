import assert from "node:assert/strict";
import { test } from "node:test";
import { emptyFilterPlan, type RecorderPolicy } from "@atalaya/wire";
import type { Container } from "../src/containers.ts";
import type { RecordedGroup } from "../src/kernel/recorded-containers.ts";
import { collectorLimits } from "../src/limits.ts";
import { RecordedGroups, withRecorder } from "../src/recorded-groups.ts";

const shop: RecorderPolicy = { scopes: [{ name: "shop", namespaces: ["shop"] }] };

function container(path: string, change: Partial<Container> = {}): Container {
  const names = { name: "web", image: "web:1", namespace: "shop", pod: "web-1" };
  const unknown = {
    runtime: null,
    privileged: null,
    podUid: null,
    bundle: null,
    mounts: null,
    reason: null,
    rootFolder: null,
  };
  return { id: path, ...names, ...unknown, cgroup: { version: 2, path }, ...change };
}

/** Groups under a kernel with room for so many, on a node whose control groups are these. */
function made(containers: Container[], room = 9) {
  const inKernel = new Set<string>();
  const ids = new Map(containers.map((one, i) => [one.cgroup?.path ?? "", 100 + i]));
  const notes: string[] = [];
  const keyOf = ({ cgroupId, cgroupVersion }: RecordedGroup) => `${cgroupVersion}:${cgroupId}`;
  const groups = new RecordedGroups({
    recorded: {
      add: (group) => {
        if (inKernel.size >= room) return false;
        inKernel.add(keyOf(group));
        return true;
      },
      remove: (group) => void inKernel.delete(keyOf(group)),
    },
    containers: () => containers,
    paths: { idOf: (_, path) => ids.get(path) },
    cluster: "prod",
    note: (reason) => void notes.push(reason),
  });
  return { groups, ids, notes, kernel: () => [...inKernel].sort() };
}

test("the kernel knows the control groups of those that a scope names, and forgets them with the policy", () => {
  const host = container("/", { id: "host", cgroup: null });
  const { groups, kernel } = made([container("/a"), container("/b", { namespace: "other" }), host]);
  groups.step(0);
  assert.deepEqual(kernel(), []);
  groups.setPolicy(shop);
  groups.step(1);
  assert.deepEqual(kernel(), ["2:100"]);
  groups.setPolicy({ scopes: [{ name: "all" }] });
  groups.step(2);
  assert.deepEqual([kernel(), groups.size], [["2:100", "2:101"], 2]);
  groups.setPolicy({ scopes: [] });
  groups.step(3);
  assert.deepEqual([kernel(), groups.size], [[], undefined]);
});

test("a container whose names come later is told of then", () => {
  const one = container("/a", { namespace: null, cgroup: { version: 1, path: "/a" } });
  const { groups, kernel } = made([one]);
  groups.setPolicy(shop);
  groups.step(0);
  assert.deepEqual(kernel(), []);
  one.namespace = "shop";
  groups.learned(one);
  groups.step(1);
  assert.deepEqual(kernel(), ["1:100"]);
});

test("one that has ended is taken out, and one that comes again under its id is told of anew", () => {
  const one = container("/a");
  const { groups, kernel, ids } = made([one]);
  groups.setPolicy(shop);
  groups.step(0);
  ids.delete("/a");
  groups.step(collectorLimits.recordedSweepMs);
  assert.deepEqual(kernel(), []);
  ids.set("/a", 200);
  groups.learned(one);
  groups.step(collectorLimits.recordedSweepMs + 1);
  assert.deepEqual(kernel(), ["2:200"]);
  ids.set("/a", 201);
  groups.step(2 * collectorLimits.recordedSweepMs);
  assert.deepEqual(kernel(), ["2:201"]);
});

test("what two of a name have in common stays as long as one of them is recorded", () => {
  const [before, now] = [container("/a", { image: "web:1" }), container("/a", { image: "web:2" })];
  const { groups, kernel } = made([before, now]);
  groups.setPolicy(shop);
  groups.step(0);
  groups.setPolicy({ scopes: [{ name: "new", images: ["web:2"] }] });
  groups.step(1);
  assert.deepEqual(kernel(), ["2:101"]);
});

test("for whom the kernel has no room is counted, once each, and told of when there is some", () => {
  const { groups, notes, kernel, ids } = made([container("/a"), container("/b"), container("/c")], 1);
  groups.setPolicy(shop);
  groups.step(0);
  groups.setPolicy({ ...shop });
  groups.step(1);
  assert.deepEqual([kernel(), notes], [["2:100"], ["recorder_full", "recorder_full"]]);
  ids.delete("/a");
  groups.step(collectorLimits.recordedSweepMs);
  assert.deepEqual([kernel(), notes.length], [["2:101"], 2]);
});

test("programs that see what is recorded hang while a policy names somebody", () => {
  assert.deepEqual(withRecorder(emptyFilterPlan, shop).calls, ["recorded"]);
  assert.equal(withRecorder(emptyFilterPlan, { scopes: [] }), emptyFilterPlan);
  assert.equal(withRecorder(emptyFilterPlan), emptyFilterPlan);
});
