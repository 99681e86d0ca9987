import assert from "node:assert/strict";
import { test } from "node:test";
import { requireRights } from "../src/cluster/preflight.ts";
import { recordedKubectl } from "./recorded-kubectl.ts";

const namespace = "atalaya-simulation-0a1b2c";

test("whoever may do all that a run needs is let through", async (t) => {
  const { kube, calls } = recordedKubectl(t, "*) echo yes;;");
  await requireRights(kube, namespace);
  const inIt = ` --namespace ${namespace}`;
  assert.deepEqual(
    calls().sort(),
    [
      ...["create namespaces", "delete namespaces", "list namespaces", "get namespaces", "patch namespaces"],
      ...["create pods", "get pods", "list pods", "get pods/log"].map((right) => right + inIt),
      ...["services", "serviceaccounts", "configmaps", "networkpolicies.networking.k8s.io"].flatMap((kind) => [
        `create ${kind}${inIt}`,
        `get ${kind}${inIt}`,
      ]),
      ...["create", "get", "list", "update", "delete"].map((verb) => `${verb} secrets${inIt}`),
    ]
      .map((right) => `auth can-i ${right}`)
      .sort(),
  );
});

for (const right of [
  "list namespaces",
  "patch namespaces",
  "update secrets",
  "get pods",
  "list pods",
  "create networkpolicies.networking.k8s.io",
  "get networkpolicies.networking.k8s.io",
]) {
  test(`who lacks only the right to ${right} is told so before anything is made`, async (t) => {
    const { kube } = recordedKubectl(
      t,
      `"auth can-i ${right}"|"auth can-i ${right} "*) echo no; exit 1;;\n*) echo yes;;`,
    );
    await assert.rejects(requireRights(kube, namespace), (error: Error) => {
      const named = error.message.match(/the right to .*? in the (cluster|namespace)/g) ?? [];
      assert.deepEqual(
        named.map((one) => one.replace(/ in the \w+$/, "")),
        [`the right to ${right}`],
      );
      return true;
    });
  });
}
