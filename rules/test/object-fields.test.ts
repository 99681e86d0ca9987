import assert from "node:assert/strict";
import { test } from "node:test";
import { audit, holds } from "./sample-events.ts";

const record = (requestURI: string) => audit({ requestURI: `/api/v1/namespaces/shop/services${requestURI}` });

test("a parameter of the URI is what the API server reads: only a real dryRun is one", () => {
  for (const dry of ["?dryRun=All", "?a=1&dryRun=All", "?%64ryRun=%41ll", "?a=;&dryRun=All", "?dryRun=%zz&dryRun=All"])
    assert.ok(holds("ka.uri.param[dryRun] = All", record(dry)), dry);
  // Each of these made a service on an API server 1.34, or was refused by it (422).
  for (const live of [
    ...[
      "",
      "?xdryRun=All",
      "?fieldManager=dryRun=All",
      "?DRYRUN=All",
      "??dryRun=All",
      "?dryRun=All%zz",
      "?dryRun=All;",
    ],
    ...["?a;dryRun=All", "?dryRun=", "?dryRun=all", "?%EF%BB%BFdryRun=All", "?dryRun=&dryRun=All", "?dryRun%zz=All"],
  ])
    assert.ok(!holds("ka.uri.param[dryRun] = All", record(live)), live);
  assert.ok(holds('ka.uri.param[command] = "a b&é"', record("?command=a+b%26%c3%a9")));
});

const type = "ka.object.value[/spec/type] = LoadBalancer";
const open = { kind: "Service", spec: { type: "LoadBalancer" } };
const jsonPatch = [{ op: "replace", path: "/spec/type", value: "LoadBalancer" }];

test("what an object became is read from the answer, and from the request where the answer is not the object", () => {
  const after = (requestObject: unknown, responseObject: unknown, verb = "patch") =>
    audit({ verb, requestObject, responseObject }, { verb });
  assert.ok(holds(type, after(jsonPatch, open)));
  assert.ok(holds(type, after({ spec: { sessionAffinity: "None" } }, open)));
  assert.ok(!holds(type, after({ spec: { type: "LoadBalancer" } }, { kind: "Service", spec: { type: "ClusterIP" } })));
  for (const kind of ["Table", "PartialObjectMetadata", "Status", undefined]) {
    assert.ok(holds(type, after({ spec: { type: "LoadBalancer" } }, { kind, metadata: {} })));
    assert.ok(holds("ka.object.known = false", after({ spec: { type: "LoadBalancer" } }, { kind, metadata: {} })));
    assert.ok(holds("ka.object.known = true", after(open, { kind }, "create")));
  }
  assert.ok(holds("ka.object.known = true", after(jsonPatch, open)));
  assert.ok(holds("ka.object.known = false", after(undefined, undefined, "create")));
});

test("a patch leaves a part alone only when all of it does, however it is written", () => {
  const patched = (requestObject: unknown) => audit({ verb: "patch", requestObject }, { verb: "patch" });
  const op = (path: unknown, more: object = {}) => [{ op: "replace", path, value: 1, ...more }];
  const alone = [
    { metadata: { labels: { a: "b" } } },
    { spec: { template: { metadata: { annotations: {} } } } },
    op("/metadata/labels/a"),
    op("/spec/replicas"),
    [],
    {},
  ];
  const touching = [
    ...[{ spec: { template: { spec: {} } } }, { spec: null }, { spec: { template: null } }, null, undefined, "[cut]"],
    ...[
      { spec: { $patch: "replace" } },
      { $patch: "replace" },
      { kind: "Secret" },
      { apiVersion: "v1", kind: "Service", metadata: {} },
      { spec: { template: { spec: null } } },
    ],
    ...["/spec/template/spec/containers/0", "/spec/template", "/spec", "", "x/spec/template/spec", 7].map((at) =>
      op(at),
    ),
    ...[op("/metadata/a", { from: "/spec" }), [7], [{ op: "add" }], [...op("/metadata/a"), ...op("/spec/template")]],
  ];
  for (const patch of alone)
    assert.ok(holds("ka.object.touched[/spec/template/spec] = false", patched(patch)), JSON.stringify(patch));
  for (const patch of touching)
    assert.ok(holds("ka.object.touched[/spec/template/spec] = true", patched(patch)), JSON.stringify(patch));
  assert.ok(holds("ka.object.touched[/spec] = true", audit({ requestObject: {} })));
});

test("the containers of a pod and of every template are read, all of them", () => {
  const spec = { containers: [{}, {}, {}, {}, { image: "a", securityContext: { privileged: true } }] };
  const wheres = [
    { spec },
    { spec: { template: { spec } } },
    { spec: { jobTemplate: { spec: { template: { spec } } } } },
    { template: { spec } },
  ];
  for (const where of wheres) {
    const event = audit({ verb: "patch", requestObject: jsonPatch, responseObject: { kind: "X", ...where } });
    assert.ok(holds("ka.object.pod.containers.privileged intersects (true)", event));
    assert.ok(holds("ka.object.pod.containers.image in (a)", event));
    assert.ok(!holds("ka.object.pod.initContainers.privileged exists", event));
  }
  const bound = { kind: "RoleBinding", subjects: [{ name: "eva" }] };
  const binding = audit({ verb: "patch", requestObject: jsonPatch, responseObject: bound });
  assert.ok(holds("ka.object.binding.subjects icontains eva", binding));
});
