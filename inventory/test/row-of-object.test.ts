import assert from "node:assert/strict";
import { test } from "node:test";
import { type InventoryKind, inventoryKinds } from "@atalaya/wire/framing";
import fc from "fast-check";
import { inventoryLimits } from "../src/limits.ts";
import { rowOfObject } from "../src/row-of-object.ts";

const metadata = { name: "web-1", uid: "u-1", namespace: "shop", resourceVersion: "7" };
const digest = `sha256:${"ab".repeat(32)}`;

function read(kind: InventoryKind, object: object) {
  const cuts: string[] = [];
  const row = rowOfObject(kind, { metadata, ...object }, (name) => cuts.push(name));
  assert.ok(row !== undefined);
  return { row, facts: JSON.parse(row.facts), cuts };
}

test("of a pod is kept where it runs, as whom, made by what, of which images, and what of its node it shares", () => {
  const container = {
    name: "web",
    image: "nginx:1.29",
    env: [{ name: "TOKEN", value: "s3cret" }],
    args: ["--pw=s3cret"],
  };
  const { row, facts } = read("Pod", {
    metadata: {
      ...metadata,
      creationTimestamp: "2026-01-02T03:04:05Z",
      labels: { app: "web" },
      annotations: { note: "s3cret" },
      managedFields: [{ manager: "s3cret" }],
      ownerReferences: [
        { kind: "Node", name: "no", uid: "n" },
        { kind: "ReplicaSet", name: "web-7f", uid: "rs", controller: true },
      ],
    },
    spec: {
      nodeName: "n1",
      serviceAccountName: "shop",
      hostPID: true,
      volumes: [{ hostPath: { path: "/" } }],
      containers: [container, { name: "side", image: "side", securityContext: { privileged: true } }],
      initContainers: [{ name: "first", image: "first" }],
    },
    status: {
      phase: "Running",
      podIP: "10.0.0.7",
      containerStatuses: [{ name: "web", imageID: `docker.io/nginx@${digest}`, containerID: "containerd://c0ffee" }],
    },
  });
  assert.deepEqual(row, {
    ...{ kind: "Pod", uid: "u-1", resource_version: "7", k8s_namespace: "shop", object_name: "web-1" },
    ...{ owner_kind: "ReplicaSet", owner_name: "web-7f", owner_uid: "rs", created_us: 1_767_323_045_000_000 },
    ...{ node_name: "n1", service_account: "shop", labels: ["app=web"], facts: row.facts },
  });
  assert.deepEqual(facts, {
    phase: "Running",
    ip: "10.0.0.7",
    host_access: ["pid", "path", "privileged"],
    containers: [
      { name: "web", role: "app", image: "nginx:1.29", image_digest: digest, container_id: "c0ffee" },
      { name: "side", role: "app", image: "side", privileged: true },
      { name: "first", role: "init", image: "first" },
    ],
  });
  assert.doesNotMatch(JSON.stringify(row), /s3cret/);
});

test("of workloads the pods' template is read, a CronJob's one job deeper", () => {
  const template = { spec: { serviceAccountName: "shop", containers: [{ name: "a", image: "i" }] } };
  const deployment = read("Deployment", { spec: { replicas: 3, template }, status: { readyReplicas: 2 } });
  assert.partialDeepStrictEqual(deployment.facts, { wanted: 3, ready: 2, containers: [{ image: "i" }] });
  assert.equal(deployment.row.service_account, "shop");
  const nightly = { schedule: "0 3 * * *", suspend: true, jobTemplate: { spec: { template } } };
  const cron = read("CronJob", { spec: nightly });
  assert.partialDeepStrictEqual(cron.facts, { schedule: "0 3 * * *", suspended: true, containers: [{ name: "a" }] });
  assert.equal(cron.row.service_account, "shop");
  const scaled = read("Deployment", { spec: { replicas: 0, template } }).facts;
  assert.deepEqual([scaled.wanted, scaled.ready], [0, 0]);
});

test("of services, ingresses, roles and bindings is kept who can reach and do what", () => {
  const service = {
    type: "NodePort",
    clusterIP: "10.96.0.9",
    ports: [{ port: 80, nodePort: 30_080, targetPort: "http" }],
  };
  assert.deepEqual(read("Service", { spec: { ...service, selector: { app: "web" } } }).facts, {
    ...{ type: "NodePort", cluster_ip: "10.96.0.9", selector: ["app=web"] },
    ports: [{ port: 80, node_port: 30_080, target: "http" }],
  });
  const backend = { service: { name: "web" } };
  const ingress = { rules: [{ host: "shop.example", http: { paths: [{ backend }] } }, {}], defaultBackend: backend };
  assert.deepEqual(read("Ingress", { spec: ingress }).facts, { hosts: ["shop.example", "*"], services: ["web"] });
  const rules = [{ verbs: ["*"], apiGroups: [""], resources: ["pods"] }];
  assert.deepEqual(read("ClusterRole", { rules }).facts, {
    rules: [{ verbs: ["*"], api_groups: [""], resources: ["pods"] }],
  });
  const bound = { roleRef: { kind: "ClusterRole", name: "admin" }, subjects: [{ kind: "User", name: "eve" }] };
  assert.deepEqual(read("RoleBinding", bound).facts, {
    role: { kind: "ClusterRole", name: "admin" },
    subjects: [{ kind: "User", name: "eve" }],
  });
});

test("an object that is too much is cut, and counted by name", () => {
  const labels = Object.fromEntries(Array.from({ length: 100 }, (_, i) => [`l${i}`, "x"]));
  const many = {
    metadata: { ...metadata, labels },
    rules: Array(200).fill({ verbs: Array(50).fill("x".repeat(600)) }),
  };
  const { row, facts, cuts } = read("Role", many);
  assert.deepEqual(cuts, ["labels_cut", "facts_cut"]);
  assert.equal(row.labels?.length, inventoryLimits.labelsMax);
  assert.deepEqual(facts, { containers: [], cut: true });
});

test("no object of any kind makes it throw, or a row beyond its bounds", () => {
  const names = ["metadata", "spec", "status", "template", "containers", "rules", "ports", "labels", "ownerReferences"];
  const keys = fc.oneof(fc.constantFrom(...names, "uid", "name", "verbs", "selector", "jobTemplate"), fc.string());
  const { value } = fc.letrec((tie) => ({
    value: fc.oneof(
      { depthSize: "small" },
      fc.string(),
      fc.double(),
      fc.constant(null),
      fc.array(tie("value"), { maxLength: 4 }),
      fc.dictionary(keys, tie("value"), { maxKeys: 6 }),
    ),
  }));
  fc.assert(
    fc.property(fc.constantFrom(...inventoryKinds), value, fc.boolean(), (kind, object, isNamed) => {
      const given = isNamed && typeof object === "object" ? { ...object, metadata } : object;
      const row = rowOfObject(kind, given, () => {});
      if (isNamed && typeof object === "object") assert.ok(row !== undefined);
      if (row !== undefined) assert.ok(Buffer.byteLength(row.facts) <= inventoryLimits.factsBytesMax);
    }),
  );
});
