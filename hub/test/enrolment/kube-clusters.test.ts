import assert from "node:assert/strict";
import type { IncomingMessage, ServerResponse } from "node:http";
import { afterEach, beforeEach, test } from "node:test";
import { KubeClient } from "@atalaya/kube";
import { Fault } from "@atalaya/wire";
import { exportJWK, generateKeyPair, SignJWT } from "jose";
import { type TestServer, testServer } from "../../../kube/test/test-server.ts";
import { KubeClusters } from "../../src/enrolment/kube-clusters.ts";
import { enrolmentLimits } from "../../src/enrolment/limits.ts";
import { InMemoryEnrolment } from "../in-memory-enrolment.ts";

// The failures of an API server, which a real one does not show when asked to; what a real one says to each token is in
// e2e/cluster/enrolment.cluster.test.ts.

const issuer = "https://kubernetes.default.svc.cluster.local";
const accounts = {
  namespace: "kube-system",
  serviceAccount: "atalaya-publisher",
  auditServiceAccount: "atalaya-publisher-control-plane",
};
type Key = { kid: string; privateKey: CryptoKey; jwk: object };

async function newKey(kid: string): Promise<Key> {
  const { privateKey, publicKey } = await generateKeyPair("RS256", { extractable: true });
  return { kid, privateKey, jwk: { ...(await exportJWK(publicKey)), kid, alg: "RS256", use: "sig" } };
}

function tokenOf({ kid, privateKey }: Key, podUid: string): Promise<string> {
  const claims = {
    "kubernetes.io": {
      namespace: "kube-system",
      node: { name: "n1", uid: "node-uid" },
      pod: { name: "atalaya-publisher-ds-x7k2p", uid: podUid },
      serviceaccount: { name: "atalaya-publisher", uid: "account-uid" },
    },
  };
  const token = new SignJWT(claims)
    .setProtectedHeader({ alg: "RS256", kid })
    .setIssuer(issuer)
    .setAudience("atalaya-hub");
  return token
    .setSubject("system:serviceaccount:kube-system:atalaya-publisher")
    .setIssuedAt()
    .setExpirationTime("1h")
    .sign(privateKey);
}

let server: TestServer;
let keys: Key[];
let asked: string[];
let review: (token: string) => object | number;
let store: InMemoryEnrolment;
let clusters: KubeClusters;
const lines: string[] = [];
const log = (facts: object, message: string) => void lines.push(`${message} ${JSON.stringify(facts)}`);

async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
  asked.push(request.url ?? "");
  if (request.url?.startsWith("/.well-known/")) return void response.end(JSON.stringify({ issuer }));
  if (request.url === "/openid/v1/jwks") return void response.end(JSON.stringify({ keys: keys.map(({ jwk }) => jwk) }));
  let body = "";
  for await (const part of request) body += part;
  const status = review(JSON.parse(body).spec.token);
  if (typeof status === "number") response.writeHead(status).end("{}");
  else response.writeHead(201).end(JSON.stringify({ status }));
}

const extra = (uid: string) => ({ "authentication.kubernetes.io/pod-uid": [uid] });
const good = (uid: string) => ({ authenticated: true, audiences: ["atalaya-hub"], user: { extra: extra(uid) } });
const claimed = { node: "n1", cluster: undefined };

beforeEach(async () => {
  server = await testServer((request, response) => void answer(request, response));
  keys = [await newKey("k1")];
  asked = [];
  review = () => good("pod-1");
  store = new InMemoryEnrolment();
  lines.length = 0;
  const client = new KubeClient({ url: server.url, serverName: undefined, access: server.access({ token: "t" }) });
  const names = { workspaceId: "default", ...accounts };
  clusters = new KubeClusters(store, [{ ...names, cluster: "own", client }], { info: log, warn: log, error: log });
});
afterEach(async () => {
  clusters.close();
  await server.close();
});

const key = (index: number): Key => keys[index] ?? assert.fail("no such key");

test("the hub's own cluster is trusted by itself, also by whoever comes while its keys are read", async () => {
  clusters.start();
  const proof = await clusters.verify(await tokenOf(key(0), "pod-1"), claimed);
  assert.deepEqual(proof, {
    ok: true,
    value: {
      workspaceId: "default",
      cluster: "own",
      node: "n1",
      nodeUid: "node-uid",
      podUid: "pod-1",
      mayAudit: false,
    },
  });
  assert.deepEqual(asked, [
    "/.well-known/openid-configuration",
    "/openid/v1/jwks",
    "/apis/authentication.k8s.io/v1/tokenreviews",
  ]);
});

test("a rotated key is found when its first token comes, and strangers do not make the hub ask again and again", async (t) => {
  clusters.start();
  assert.equal((await clusters.verify(await tokenOf(key(0), "pod-1"), claimed)).ok, true);
  const known = asked.length;
  const stranger = await tokenOf(await newKey("k9"), "pod-1");
  for (let i = 0; i < 20; i++) assert.equal((await clusters.verify(stranger, claimed)).ok, false);
  assert.equal(asked.length, known, "the keys were read a moment ago");
  keys.push(await newKey("k2"));
  const now = performance.now.bind(performance);
  t.mock.method(performance, "now", () => now() + enrolmentLimits.keysAgainMs + 1);
  assert.equal((await clusters.verify(await tokenOf(key(1), "pod-1"), claimed)).ok, true);
});

test("a token that its cluster counts no more, or that speaks for another pod, is refused", async () => {
  clusters.start();
  const token = await tokenOf(key(0), "pod-1");
  for (const status of [
    { authenticated: false, error: "pod is gone" },
    {},
    { ...good("pod-1"), audiences: ["https://kubernetes.default.svc"] },
    { ...good("pod-1"), audiences: undefined },
    good("pod-2"),
  ]) {
    review = () => status;
    const proof = await clusters.verify(token, claimed);
    assert.deepEqual([proof.ok, proof.ok ? "" : proof.code], [false, "ENROL_REFUSED"]);
  }
});

test("nobody is let in while the API server that ought to be asked refuses or is gone, and that is an error in the log", async () => {
  clusters.start();
  const token = await tokenOf(key(0), "pod-1");
  assert.equal((await clusters.verify(token, claimed)).ok, true);
  const unreachable = (error: unknown) => error instanceof Fault && error.code === "KUBE_UNREACHABLE";
  review = () => 403;
  await assert.rejects(clusters.verify(token, claimed), unreachable);
  assert.match(lines.at(-1) ?? "", /could not be reviewed.*status 403/);
  await server.close();
  await assert.rejects(clusters.verify(token, claimed), unreachable);
  server = await testServer(() => {});
});

test("keys of another cluster are not taken over by the hub's own", async () => {
  const jwks = JSON.stringify({ keys: [key(0).jwk] });
  const names = { workspaceId: "other", ...accounts };
  await store.putCluster({ ...names, cluster: "theirs", issuer, jwks }, "eve");
  clusters.start();
  // Who signed it is known: whose it is was registered before.
  const proof = await clusters.verify(await tokenOf(key(0), "pod-1"), { node: "n1", cluster: "own" });
  assert.equal(proof.ok, false);
  assert.match(lines.join("\n"), /keys could not be read.*registered for another cluster/);
});
