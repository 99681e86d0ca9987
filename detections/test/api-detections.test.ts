import assert from "node:assert/strict";
import { test } from "node:test";
import { auditEventsFromList, recommendedAuditPolicy } from "@atalaya/audit";
import type { AtalayaEvent } from "@atalaya/wire";
import { parse } from "yaml";
import { type Sample, samplesOf } from "../index.ts";
import { builtIn, firedBy } from "./fired-rules.ts";

const rules = builtIn.rules.filter((rule) => rule.source === "k8s_audit").map((rule) => rule.name);

function eventsOf(sample: Sample): AtalayaEvent[] {
  const list = { kind: "EventList", apiVersion: "audit.k8s.io/v1", metadata: {}, items: sample.records };
  const read = auditEventsFromList(list);
  assert.deepEqual(read.refused, [], sample.path);
  assert.ok(read.events.length > 0, `${sample.path}: no record is evaluated`);
  return read.events;
}

for (const rule of rules) {
  test(`${rule} has samples that fire and twins that stay quiet`, () => {
    const kinds = new Set(samplesOf({ name: rule }).map((sample) => sample.kind));
    assert.deepEqual([...kinds].sort(), ["fires", "quiet"]);
  });
  for (const sample of samplesOf({ name: rule })) {
    const what = sample.kind === "fires" ? "fires for" : "is quiet for";
    test(`${rule} ${what}: ${sample.command}`, () => {
      const fired = firedBy(...eventsOf(sample));
      assert.deepEqual(fired, sample.kind === "fires" ? [rule] : []);
    });
  }
}

type PolicyRule = {
  level: string;
  users?: string[];
  userGroups?: string[];
  verbs?: string[];
  resources?: { group?: string; resources?: string[] }[];
  nonResourceURLs?: string[];
};
type AuditRecord = {
  verb: string;
  user: { username: string; groups: string[] };
  objectRef: { apiGroup?: string; resource: string; subresource?: string };
  level: string;
};

/** As the API server decides: the first rule that fits. */
function levelOf(record: AuditRecord, policy: { rules: PolicyRule[] }): string {
  const { apiGroup = "", resource, subresource } = record.objectRef;
  const target = subresource === undefined ? resource : `${resource}/${subresource}`;
  const fits = policy.rules.find(
    (rule) =>
      rule.nonResourceURLs === undefined &&
      (rule.users?.includes(record.user.username) ?? true) &&
      (rule.userGroups?.some((group) => record.user.groups.includes(group)) ?? true) &&
      (rule.verbs?.includes(record.verb) ?? true) &&
      (rule.resources?.some(
        (one) => (one.group ?? "") === apiGroup && (one.resources === undefined || one.resources.includes(target)),
      ) ??
        true),
  );
  return fits?.level ?? "None";
}

const levels = ["None", "Metadata", "Request", "RequestResponse"];

test("under the recommended audit policy the API server writes all that each firing sample holds", () => {
  const policy = parse(recommendedAuditPolicy()) as { kind: string; apiVersion: string; rules: PolicyRule[] };
  assert.equal(policy.kind, "Policy");
  assert.equal(policy.apiVersion, "audit.k8s.io/v1");
  let checked = 0;
  for (const rule of rules) {
    for (const sample of samplesOf({ name: rule }).filter((one) => one.kind === "fires")) {
      for (const record of sample.records as AuditRecord[]) {
        const level = levelOf(record, policy);
        assert.ok(
          levels.indexOf(level) >= levels.indexOf(record.level),
          `${sample.path}: ${level} is less than ${record.level}`,
        );
        checked += 1;
      }
    }
  }
  assert.ok(checked >= 10);
});

test("under the recommended audit policy the body of a secret stays in the API server", () => {
  const policy = parse(recommendedAuditPolicy()) as { rules: PolicyRule[] };
  const user = { username: "ana@example.org", groups: ["system:authenticated"] };
  for (const verb of ["get", "list", "create", "update", "patch", "delete"]) {
    for (const target of [
      { resource: "secrets" },
      { resource: "configmaps" },
      { resource: "serviceaccounts", subresource: "token" },
      { apiGroup: "authentication.k8s.io", resource: "tokenreviews" },
    ])
      assert.equal(levelOf({ verb, user, objectRef: target, level: "" }, policy), "Metadata");
  }
});

test("under the recommended audit policy a session into a pod is noted whoever opens it, in either way", () => {
  const policy = parse(recommendedAuditPolicy()) as { rules: PolicyRule[]; omitStages: string[] };
  assert.deepEqual(policy.omitStages, ["RequestReceived"], "the start of a session is told");
  const openers = [
    { username: "system:serviceaccount:kube-system:cni", groups: ["system:serviceaccounts:kube-system"] },
    { username: "system:node:node1", groups: ["system:nodes"] },
    { username: "system:kube-controller-manager", groups: [] },
  ];
  for (const user of openers)
    for (const verb of ["get", "create"])
      for (const subresource of ["exec", "attach", "portforward", "proxy"])
        assert.equal(
          levelOf({ verb, user, objectRef: { resource: "pods", subresource }, level: "" }, policy),
          "Metadata",
        );
  const user = { username: "ana@example.org", groups: ["system:authenticated"] };
  const debug = { resource: "pods", subresource: "ephemeralcontainers" };
  assert.equal(levelOf({ verb: "update", user, objectRef: debug, level: "" }, policy), "Request");
  assert.equal(levelOf({ verb: "patch", user, objectRef: debug, level: "" }, policy), "RequestResponse");
});

function sampleRecord(rule: string, name: string): Record<string, unknown> {
  const sample = samplesOf({ name: rule }).find(({ path }) => path.endsWith(`/${name}.json`));
  assert.ok(sample?.records?.[0]);
  return structuredClone(sample.records[0]) as Record<string, unknown>;
}

function firedByRecord(record: object): string[] {
  const read = auditEventsFromList({ kind: "EventList", apiVersion: "audit.k8s.io/v1", metadata: {}, items: [record] });
  return firedBy(...read.events);
}

test("a patch whose answer was left out for its size is an alert: of a binding, nobody knows the role", () => {
  const patch = sampleRecord("Cluster Admin Binding", "fires-patch");
  const subjects = Array.from({ length: 40_000 }, (_, index) => ({
    kind: "User",
    name: `user-${index}-${"x".repeat(40)}`,
  }));
  const answer = { ...(patch["responseObject"] as object), subjects };
  assert.deepEqual(firedByRecord({ ...patch, responseObject: answer }), ["Audit Record Without Its Body"]);
  const owners = { metadata: { uid: "7d1b6c0a", ownerReferences: [{ $patch: "delete", uid: "7d1b6c0a" }] } };
  const collected = { ...patch, requestObject: owners, responseObject: { kind: "PartialObjectMetadata" } };
  assert.deepEqual(firedByRecord(collected), []);
});

test("a change whose client made the API server answer that it took too long counts: it may have been made", () => {
  const message = "Timeout: request did not complete within the allotted timeout";
  const late = { metadata: {}, status: "Failure", message, reason: "Timeout", code: 504 };
  const cancelled = { metadata: {}, status: "Failure", message: "context canceled", code: 500 };
  const refused = { metadata: {}, status: "Failure", message: "pods is forbidden", code: 403 };
  const answered = (rule: string, name: string, responseStatus: object) =>
    firedByRecord({
      ...sampleRecord(rule, name),
      responseStatus,
      responseObject: { kind: "Status", ...responseStatus },
    });
  for (const status of [late, cancelled]) {
    for (const [rule, name] of [
      ["Exposed Service", "fires-load-balancer"],
      ["Privileged Container", "fires-pod"],
      ["Cluster Admin Binding", "fires-create"],
    ] as const) {
      assert.deepEqual(answered(rule, name, status), [rule]);
      assert.deepEqual(answered(rule, name, refused), []);
    }
    // Of a list of operations nobody knows what it made.
    assert.deepEqual(answered("Exposed Service", "fires-json-patch", status), ["Audit Record Without Its Body"]);
  }
  assert.deepEqual(answered("Exposed Service", "quiet-cluster-ip", late), []);
});

test("source ranges that hold everybody, or that are none, keep nobody out", () => {
  const made = sampleRecord("Exposed Service", "fires-load-balancer");
  const fired = (ranges: string[] | undefined, annotation?: string) => {
    const key = "service.beta.kubernetes.io/load-balancer-source-ranges";
    const annotations = annotation === undefined ? {} : { [key]: annotation };
    const spec = {
      type: "LoadBalancer",
      ports: [{ port: 80 }],
      ...(ranges ? { loadBalancerSourceRanges: ranges } : {}),
    };
    const object = { kind: "Service", metadata: { name: "web", annotations }, spec };
    return firedByRecord({ ...made, requestObject: object, responseObject: object }).length > 0;
  };
  // Spaces that only some take away, more of them than a value may have characters, and IPv4 as a part of IPv6.
  const everybody = ["\u00a0", "\u0085", "\u2003", "\v", "\t", "\n"].map((space) => `0.0.0.0/0${space}`);
  everybody.push(
    `${" ".repeat(17_000)}0.0.0.0/0`,
    "::ffff:0:0/96",
    "0:0::FFFF:0.0.0.0/96",
    "0.0.0.0/00",
    "0.0.0.0/007",
    "::/0",
  );
  for (const range of everybody) {
    assert.ok(fired([range]), JSON.stringify(range.slice(-20)));
    assert.ok(fired(["10.0.0.0/8", range]), JSON.stringify(range.slice(-20)));
    assert.ok(fired(undefined, range), JSON.stringify(range.slice(-20)));
    assert.ok(fired(undefined, `10.0.0.0/8,${range}`), JSON.stringify(range.slice(-20)));
    assert.ok(fired([range], "10.0.0.0/8"), "what the field says counts");
  }
  for (const ranges of [["0.0.0.0/1", "128.0.0.0/1"], ["10.0.0.0/8", "::/0"], ["0.0.0.0/0 "], []])
    assert.ok(fired(ranges), String(ranges));
  for (const text of ["", " ", "0.0.0.0/1, 128.0.0.0/1", "10.0.0.0/8,::/0 ", "10.0.0.0"])
    assert.ok(fired(undefined, text), text);
  for (const ranges of [
    ["10.0.0.0/8"],
    ["203.0.113.0/24", "2001:db8::/32"],
    ["10.1.2.3/32"],
    [" fd00::/8 ", "1.2.3.4/032"],
  ])
    assert.ok(!fired(ranges), String(ranges));
  assert.ok(!fired(undefined, "10.0.0.0/8, 192.168.0.0/16"));
  assert.ok(!fired([], "2001:db8::/32"));
});

test("a fourth container of a template is looked at, and a restart of what is privileged already is quiet", () => {
  const patch = sampleRecord("Privileged Container", "fires-json-patch");
  const names = ["a", "b", "c", "d"];
  const containers = names.map((name) => ({ name, securityContext: { privileged: name === "d" } }));
  const responseObject = { kind: "DaemonSet", spec: { template: { spec: { containers } } } };
  assert.deepEqual(firedByRecord({ ...patch, responseObject }), ["Privileged Container"]);
  const restart = { spec: { template: { metadata: { annotations: { "kubectl.kubernetes.io/restartedAt": "now" } } } } };
  assert.deepEqual(firedByRecord({ ...patch, requestObject: restart, responseObject }), []);
});

test("what the rules of the control plane are tried with was captured from an API server", () => {
  for (const rule of rules)
    for (const sample of samplesOf({ name: rule }))
      assert.ok(sample.captured && sample.kernel.startsWith("kube-apiserver v1"));
});
