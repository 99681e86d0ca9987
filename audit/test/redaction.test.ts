import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { apiEventFromAudit } from "../index.ts";
import { auditRecord } from "./audit-records.ts";

/** A secret as nobody else writes it, in the shape that the place asks for. */
const marker = "Zq7mArKeRx9Wv3";

function redactedRecord(record: unknown): string {
  const read = apiEventFromAudit(record);
  assert.ok(read.ok, read.ok ? "" : read.reason);
  return JSON.stringify(read.value);
}

const base64 = Buffer.from(marker).toString("base64");
const secret = {
  kind: "Secret",
  apiVersion: "v1",
  metadata: { name: "db" },
  type: "Opaque",
  data: { password: base64 },
};
const secrets = { resource: "secrets", namespace: "shop", name: "db", apiVersion: "v1" };
const container = (more: object) => ({ kind: "Pod", spec: { containers: [{ name: "a", image: "b:1", ...more }] } });

const places: Record<string, object> = {
  "a Secret's data": { objectRef: secrets, requestObject: secret, responseObject: secret },
  "a Secret's stringData": { objectRef: secrets, requestObject: { kind: "Secret", stringData: { a: marker } } },
  "a merge patch of a Secret": { objectRef: secrets, requestObject: { data: { a: base64 } } },
  "a JSON patch of a Secret": { objectRef: secrets, requestObject: [{ op: "add", path: "/data/a", value: base64 }] },
  "a SecretList": { objectRef: secrets, responseObject: { kind: "SecretList", items: [{ data: { a: base64 } }] } },
  "a Secret inside a List": { requestObject: { kind: "List", items: [secret] } },
  "a Secret's annotation": {
    objectRef: secrets,
    requestObject: { ...secret, metadata: { annotations: { note: marker } } },
  },
  "the message about a refused Secret": { objectRef: secrets, responseStatus: { code: 422, message: `bad ${marker}` } },
  "the last applied configuration": {
    requestObject: {
      metadata: { annotations: { "kubectl.kubernetes.io/last-applied-configuration": JSON.stringify({ x: marker }) } },
    },
  },
  "a token request's answer": {
    objectRef: { resource: "serviceaccounts", subresource: "token" },
    responseObject: { kind: "TokenRequest", status: { token: marker } },
  },
  "a token review": { requestObject: { kind: "TokenReview", spec: { token: marker } } },
  "an environment variable": { requestObject: container({ env: [{ name: "DB_PASSWORD", value: marker }] }) },
  "a variable with an address": { requestObject: container({ env: [{ name: "URL", value: `pg://u:${marker}@h/d` }] }) },
  "an argument": { requestObject: container({ args: [`--token=${marker}`] }) },
  "an argument after its flag": { requestObject: container({ command: ["app", "--password", marker] }) },
  "a shell's command": { requestObject: container({ command: ["sh", "-c", `PGPASSWORD=${marker} psql`] }) },
  "a header in a command": { requestObject: container({ args: ["-H", `Authorization: Bearer ${marker}`] }) },
  "an exec's command": { requestURI: `/api/v1/namespaces/a/pods/b/exec?command=mysql&command=-p${marker}` },
  "a parameter": { requestURI: `/api/v1/pods?access_token=${marker}` },
  "a configuration text": {
    requestObject: { kind: "ConfigMap", data: { "app.ini": `user = a\npassword = ${marker}\n` } },
  },
  "a configuration text in JSON": { requestObject: { data: { a: JSON.stringify({ clientSecret: marker }) } } },
  "a kubeconfig": { requestObject: { data: { kubeconfig: `users:\n- user:\n    client-key-data: ${base64}\n` } } },
  "a private key": {
    requestObject: { data: { id: `-----BEGIN RSA PRIVATE KEY-----\n${marker}\n-----END RSA PRIVATE KEY-----` } },
  },
  "a custom resource's field": { requestObject: { kind: "Thing", spec: { apiKey: marker } } },
  "a map under a secret's name": { requestObject: { spec: { credentials: { left: marker } } } },
  "a list under a secret's name": { requestObject: { spec: { tokens: [marker] } } },
  "the user's extra": { user: { username: "a", extra: { token: [marker] } } },
  "the user agent": { userAgent: `curl Authorization: Bearer ${marker}` },
  "a status message": { responseStatus: { code: 400, message: `invalid token=${marker}` } },
  "an OpenShift token's name": {
    objectRef: { resource: "oauthaccesstokens", name: marker },
    requestURI: `/x/${marker}`,
  },
  "an annotation of the record": { annotations: { "example.com/api-key": marker } },
};

for (const [place, change] of Object.entries(places)) {
  test(`a secret in ${place} is nowhere in the event`, () => {
    const out = redactedRecord(auditRecord(change));
    assert.ok(!out.includes(marker), "the marker was found");
    assert.ok(!out.includes(base64), "the marker was found in base64");
  });
}

test("a secret planted anywhere below a secret's key is nowhere in the event", () => {
  const key = fc.constantFrom("password", "token", "clientSecret", "secret", "apiKey", "authorization", "private_key");
  const step = fc.constantFrom("spec", "metadata", "a", "__proto__", "constructor", "status", "list");
  fc.assert(
    fc.property(key, fc.array(step, { maxLength: 12 }), fc.boolean(), (name, path, inList) => {
      let object: unknown = Object.fromEntries([[name, inList ? [marker] : marker]]);
      for (const part of path) object = part === "list" ? [object] : Object.fromEntries([[part, object]]);
      assert.ok(!redactedRecord(auditRecord({ requestObject: object, responseObject: object })).includes(marker));
    }),
  );
});

test("what rules and people read is left as the API server wrote it", () => {
  const out = redactedRecord(
    auditRecord({
      annotations: { "authorization.k8s.io/decision": "allow", "authorization.k8s.io/reason": "RBAC: token-reader" },
      user: { username: "system:serviceaccount:vault:token-cleaner", groups: ["system:serviceaccounts"] },
      requestObject: {
        kind: "Pod",
        spec: {
          serviceAccountName: "secret-reader",
          automountServiceAccountToken: true,
          imagePullSecrets: [{ name: "registry" }],
          containers: [
            {
              name: "token-app",
              image: "r.example/secret-store:v1",
              args: ["--token-file=/run/t", "--port=80"],
              env: [{ name: "DB_PASSWORD", valueFrom: { secretKeyRef: { name: "db", key: "password" } } }],
              securityContext: { privileged: true },
            },
          ],
          volumes: [{ name: "v", secret: { secretName: "db" } }],
        },
      },
    }),
  );
  const record = JSON.parse((JSON.parse(out) as { record: string }).record) as ReturnType<typeof auditRecord>;
  assert.deepEqual(record["annotations"], {
    "authorization.k8s.io/decision": "allow",
    "authorization.k8s.io/reason": "RBAC: token-reader",
  });
  const text = JSON.stringify(record["requestObject"]);
  for (const kept of [
    '"serviceAccountName":"secret-reader"',
    '"automountServiceAccountToken":true',
    '"imagePullSecrets":[{"name":"registry"}]',
    '"image":"r.example/secret-store:v1"',
    '"args":["--token-file=/run/t","--port=80"]',
    '"secretKeyRef":{"name":"db","key":"password"}',
    '"privileged":true',
    '"secretName":"db"',
  ])
    assert.ok(text.includes(kept), kept);
});

test("a Secret keeps its name and the names of its keys", () => {
  const out = redactedRecord(auditRecord({ objectRef: secrets, requestObject: secret }));
  const record = JSON.parse((JSON.parse(out) as { record: string }).record) as { requestObject: unknown };
  assert.deepEqual(record.requestObject, {
    kind: "Secret",
    apiVersion: "v1",
    metadata: { name: "db" },
    type: "Opaque",
    data: { password: "[redacted]" },
  });
});
