import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { podOfToken } from "../../src/pipeline/token-pod.ts";

// As an API server 1.34 writes it for a pod's projected token.
const extra = {
  "authentication.kubernetes.io/credential-id": ["JTI=fa54b99d-c057-45e9-9f71-d163f09cb7c9"],
  "authentication.kubernetes.io/node-name": ["node1"],
  "authentication.kubernetes.io/pod-name": ["victim"],
  "authentication.kubernetes.io/pod-uid": ["00f821ad-2bac-4444-8e66-edafeadc11e7"],
};
const user_name = "system:serviceaccount:shop:cart";
const recordWith = (given: unknown) => JSON.stringify({ user: { username: user_name, extra: given } });

test("a request by a pod's own token names that pod", () => {
  assert.deepEqual(podOfToken({ user_name, record: recordWith(extra) }), {
    namespace: "shop",
    pod: "victim",
    pod_uid: "00f821ad-2bac-4444-8e66-edafeadc11e7",
  });
});

test("a token that is bound to no pod, and a person, name none", () => {
  assert.equal(podOfToken({ user_name, record: recordWith(undefined) }), undefined);
  assert.equal(podOfToken({ user_name, record: null }), undefined);
  for (const other of ["eve", "system:node:node1", "system:serviceaccount:shop", null])
    assert.equal(podOfToken({ user_name: other, record: recordWith(extra) }), undefined);
});

test("no record makes it throw", () => {
  fc.assert(fc.property(fc.json(), (record) => void podOfToken({ user_name, record })));
  fc.assert(fc.property(fc.json(), (value) => void podOfToken({ user_name, record: `{"user":{"extra":${value}}}` })));
});
