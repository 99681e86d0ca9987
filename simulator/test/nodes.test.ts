import assert from "node:assert/strict";
import { test } from "node:test";
import type { Sensor } from "@atalaya/wire";
import { chooseNode, readNodes, watchedNodes } from "../src/cluster/nodes.ts";
import { requirePrograms } from "../src/cluster/preflight.ts";

const bootId = "0123456789abcdef0123456789abcdef";

function node(name: string, changes: { spec?: object; status?: object } = {}) {
  return {
    metadata: { name, labels: { "kubernetes.io/hostname": `${name}-host` } },
    spec: { ...changes.spec },
    status: {
      nodeInfo: { bootID: "01234567-89ab-cdef-0123-456789abcdef", operatingSystem: "linux" },
      conditions: [{ type: "Ready", status: "True" }],
      ...changes.status,
    },
  };
}
const listOf = (...items: object[]) => readNodes(JSON.stringify({ items }));

function sensor(changes: Partial<Sensor>): Sensor {
  return {
    sensor_id: "1",
    cluster: "local",
    node: "n",
    state: "live",
    last_seen_us: 1,
    events_per_second: 0,
    lag_us: 0,
    lost: [],
    report: null,
    ...changes,
  };
}
const report = (boot: string) => ({
  ...{ node: "any", boot_id: boot, version: "1", kernel: "6", started_us: 1, lag_us: 0, processes: 0, containers: 0 },
  ...{ memory_bytes: 0, cpu_us: 0, filters_version: 0, programs: [], counters: [] },
});

test("a node that takes no pods is no place for the victim", () => {
  const nodes = listOf(
    node("good"),
    node("cordoned", { spec: { unschedulable: true } }),
    node("control-plane", {
      spec: { taints: [{ key: "node-role.kubernetes.io/control-plane", effect: "NoSchedule" }] },
    }),
    node("rather-not", { spec: { taints: [{ key: "a", effect: "PreferNoSchedule" }] } }),
    node("down", { status: { conditions: [{ type: "Ready", status: "Unknown" }] } }),
  );
  assert.deepEqual(
    nodes.map(({ name }) => name),
    ["good", "rather-not"],
  );
  assert.deepEqual(nodes[0], { name: "good", hostname: "good-host", bootId });
});

test("a node is watched by the sensor that read the same boot id, whatever either is called", () => {
  const nodes = listOf(node("good"));
  assert.equal(watchedNodes(nodes, [sensor({ node: "another-name", report: report(bootId) })]).length, 1);
  assert.equal(watchedNodes(nodes, [sensor({ node: "good", report: report("f".repeat(32)) })]).length, 0);
  assert.equal(watchedNodes(nodes, [sensor({ node: "good" })]).length, 1);
  assert.equal(watchedNodes(nodes, [sensor({ report: report(bootId), state: "silent" })]).length, 0);
});

test("without a sensor nothing is attacked, and the remedy is named", () => {
  const nodes = listOf(node("good"), node("better"));
  assert.throws(
    () => chooseNode(nodes, [], undefined),
    /no live sensor on any node.*atalaya-collector-ds.*helm install/,
  );
  assert.throws(() => chooseNode(nodes, nodes.slice(0, 1), "better"), /no live sensor on the node better/);
  assert.throws(() => chooseNode(nodes, nodes, "gone"), /gone takes no pods.*good, better/);
  assert.equal(chooseNode(nodes, nodes.slice(1), undefined).name, "better");
});

test("kubectl and Helm are named at once where both are missing, with where to get them", () => {
  assert.throws(() => requirePrograms({}, undefined, () => undefined), /kubectl: install it.*\n.*Helm: install it/);
  assert.throws(
    () => requirePrograms({}, undefined, (name) => (name === "helm" ? undefined : `/bin/${name}`)),
    (error: Error) => /Helm/.test(error.message) && !/kubectl/.test(error.message),
  );
});
