import assert from "node:assert/strict";
import type { Agent } from "node:https";
import { after, before, test } from "node:test";
import { exportJWK, generateKeyPair } from "jose";
import { askForCertificate, enrolNode, newNodeKey, nodeAgent } from "../enrol-node.ts";
import { auditFrame, execEvent, packed, processFrame } from "../frames.ts";
import { issuer, newSigner, type Signer, tokenOf } from "../pod-token.ts";
import { TestHub } from "../test-hub.ts";

let hub: TestHub;
let rsa: Signer;
let ec: Signer;
const agents: Agent[] = [];
before(async () => {
  hub = await TestHub.start();
  const [one, two] = [await newSigner("RS256", "r1"), await newSigner("ES256", "e1")];
  [rsa, ec] = [one.signer, two.signer];
  const jwks = JSON.stringify({ keys: [one.jwk, two.jwk] });
  assert.equal((await hub.admin("PUT", "/api/v1/clusters/shop", { issuer, jwks })).status, 204);
});
after(async () => {
  for (const agent of agents) agent.destroy();
  await hub.stop();
});

async function enrol(token: string, node = "n1", cluster?: string) {
  const { csr, key } = await newNodeKey();
  const body = { csr, service_account_token: token, node, ...(cluster === undefined ? {} : { cluster }) };
  return { key, ...(await askForCertificate(hub.hub.url, "/v1/enroll", body, hub.agent)) };
}

test("a projected token signed by the cluster's RSA or EC key enrols the node that it names, and that node sends", async () => {
  for (const signer of [rsa, ec]) {
    const enrolled = await enrol(await tokenOf(signer));
    assert.equal(enrolled.status, 200, enrolled.text);
    assert.partialDeepStrictEqual(enrolled.reply, { cluster: "shop", node: "n1", workspace: "default" });
    const agent = nodeAgent(hub.read("hub/ca.pem"), enrolled.reply?.certificate ?? "", enrolled.key);
    agents.push(agent);
    const raw = packed(processFrame([execEvent()], { node: "n1", cluster: "shop" }));
    assert.equal((await hub.call("POST", "/v1/ingest", { raw, agent })).status, 200);
  }
});

const ofAccount = (name: string, node: string) =>
  tokenOf(
    ec,
    { sub: `system:serviceaccount:kube-system:${name}` },
    { serviceaccount: { name, uid: "7f" }, node: { name: node, uid: `uid-${node}` } },
  );

test("audit records are taken from a node whose pod has the control plane's service account, and from no other", async () => {
  const send = async (account: string, node: string) => {
    const enrolled = await enrol(await ofAccount(account, node), node);
    assert.equal(enrolled.status, 200, enrolled.text);
    const agent = nodeAgent(hub.read("hub/ca.pem"), enrolled.reply?.certificate ?? "", enrolled.key);
    agents.push(agent);
    const raw = packed(auditFrame({ node, cluster: "shop" }));
    return await hub.call("POST", "/v1/ingest", { raw, agent });
  };
  assert.equal((await send("atalaya-publisher-control-plane", "cp-1")).status, 200);
  const before = hub.core.ingested.length;
  const worker = await send("atalaya-publisher", "worker-1");
  assert.deepEqual([worker.status, worker.json["code"]], [403, "IDENTITY_MISMATCH"]);
  assert.deepEqual(hub.core.mismatches.at(-1), [
    "worker-1",
    "A node that is none of the control plane sent audit records (see docs/audit-log.md)",
  ]);
  assert.equal(hub.core.ingested.length, before);
  assert.equal((await send("atalaya-publisher", "cp-1")).status, 403, "what it may is what it enrolled by last");
});

test("an enrolment token says whether its node may send the audit log", async () => {
  for (const [may_audit, status] of [
    [true, 200],
    [false, 403],
  ] as const) {
    const node = `by-token-${may_audit}`;
    const made = await hub.admin("POST", "/api/v1/enrolment-tokens", { cluster: "shop", node, may_audit });
    assert.equal(made.json["may_audit"], may_audit);
    const agent = await enrolNode(hub.hub.url, hub.read("hub/ca.pem"), String(made.json["token"]), node);
    agents.push(agent);
    const raw = packed(auditFrame({ node, cluster: "shop" }));
    assert.equal((await hub.call("POST", "/v1/ingest", { raw, agent })).status, status);
  }
});

test("a second exchange for one pod under another key is refused and told, whoever came first", async () => {
  const token = await tokenOf(rsa);
  assert.equal((await enrol(token)).status, 200);
  const copied = await enrol(token);
  assert.equal(copied.status, 401, copied.text);
  assert.deepEqual(hub.core.mismatches.at(-1), ["n1", "a second key for one pod: its token was copied"]);
});

test("a node that was revoked is not brought back by its pods", async () => {
  const kubernetes = { node: { name: "n7", uid: "u7" } };
  assert.equal((await enrol(await tokenOf(rsa, {}, kubernetes), "n7")).status, 200);
  const row = (await hub.core.enrolment.nodes("default")).find((one) => one.node === "n7");
  assert.equal((await hub.admin("POST", `/api/v1/nodes/${row?.nodeId}/revoke`)).status, 204);
  const again = await enrol(await tokenOf(rsa, {}, kubernetes), "n7");
  assert.deepEqual([again.status, JSON.parse(again.text).code], [403, "CREDENTIAL_REVOKED"]);
});

const now = () => Math.floor(Date.now() / 1000);
const refusals: [what: string, token: () => Promise<string>, node?: string, cluster?: string][] = [
  ["another audience", () => tokenOf(rsa, { aud: ["https://kubernetes.default.svc"] })],
  ["another issuer", () => tokenOf(rsa, { iss: "https://other" })],
  [
    "another namespace",
    () => tokenOf(rsa, { sub: "system:serviceaccount:default:atalaya-publisher" }, { namespace: "default" }),
  ],
  [
    "another service account",
    () => tokenOf(rsa, { sub: "system:serviceaccount:kube-system:x" }, { serviceaccount: { name: "x", uid: "u" } }),
  ],
  ["a subject that is not the account", () => tokenOf(rsa, { sub: "system:serviceaccount:kube-system:x" })],
  ["no pod", () => tokenOf(rsa, {}, { pod: undefined })],
  ["no node", () => tokenOf(rsa, {}, { node: undefined })],
  ["another node", () => tokenOf(rsa), "n2"],
  ["another cluster", () => tokenOf(rsa), "n1", "bank"],
  ["ended", () => tokenOf(rsa, { exp: now() - 3_600, iat: now() - 7_200, nbf: now() - 7_200 })],
  ["not yet good", () => tokenOf(rsa, { nbf: now() + 3_600 })],
  ["without an end", () => tokenOf(rsa, { exp: undefined })],
  ["of a stranger's key", async () => tokenOf((await newSigner("RS256", "r1")).signer)],
  ["signed by nobody", async () => `${(await tokenOf(rsa)).split(".").slice(0, 2).join(".")}.`],
  ["no token", async () => "nonsense"],
];

test("every other token is refused with the same words", async (t) => {
  const keys = await hub.core.enrolment.clusterKeys();
  for (const [what, token, node, cluster] of refusals) {
    await t.test(what, async () => {
      // Each is a stranger's attempt: a hub of its own, so that none is slowed by those before.
      const own = await TestHub.start();
      try {
        for (const one of keys) await own.core.enrolment.putCluster(one, "admin");
        const { csr } = await newNodeKey();
        const body = { csr, service_account_token: await token(), node: node ?? "n1", ...(cluster && { cluster }) };
        const answer = await askForCertificate(own.hub.url, "/v1/enroll", body, own.agent);
        assert.deepEqual([answer.status, JSON.parse(answer.text).code], [401, "ENROL_REFUSED"]);
      } finally {
        await own.stop();
      }
    });
  }
});

test("keys are registered without their private parts, and what is no key set is refused", async () => {
  const { privateKey } = await generateKeyPair("ES256", { extractable: true });
  const jwks = JSON.stringify({ keys: [await exportJWK(privateKey)] });
  assert.equal((await hub.admin("PUT", "/api/v1/clusters/leaky", { issuer: "x", jwks })).status, 204);
  const kept = (await hub.core.enrolment.clusterKeys()).find((one) => one.cluster === "leaky");
  assert.equal(JSON.parse(kept?.jwks ?? "").keys[0].d, undefined);
  for (const bad of ["", "{}", '{"keys":[]}', '{"keys":[{"kty":"oct","k":"c2VjcmV0"}]}'])
    assert.equal((await hub.admin("PUT", "/api/v1/clusters/bad", { issuer: "x", jwks: bad })).status, 400, bad);
  const listed = await hub.admin("GET", "/api/v1/clusters");
  assert.equal(listed.text.includes("jwks"), false);
});

test("a cluster's public keys cannot be registered a second time, by which its nodes would be kept out", async () => {
  const { jwk } = await newSigner("ES256", "e9");
  const register = (cluster: string, keys: object[]) =>
    hub.admin("PUT", `/api/v1/clusters/${cluster}`, { issuer, jwks: JSON.stringify({ keys }) });
  assert.equal((await register("first", [jwk])).status, 204);
  assert.equal((await register("first", [jwk])).status, 204, "its own again");
  const renamed = await register("second", [{ ...jwk, kid: "another-name" }]);
  assert.deepEqual([renamed.status, renamed.json["code"]], [400, "USAGE"]);
  await hub.core.enrolment.putCluster(
    {
      workspaceId: "other",
      cluster: "theirs",
      issuer,
      jwks: JSON.stringify({ keys: [(await newSigner("ES256", "e8")).jwk] }),
      namespace: "n",
      serviceAccount: "s",
      auditServiceAccount: "t",
    },
    "eve",
  );
  const [theirs] = (await hub.core.enrolment.clusterKeys()).filter((one) => one.workspaceId === "other");
  const taken = await register("ours", JSON.parse(theirs?.jwks ?? "").keys);
  assert.equal(taken.status, 400);
  assert.doesNotMatch(taken.text, /theirs|other"/, "nor told whose it is");
  assert.equal((await hub.admin("DELETE", "/api/v1/clusters/first")).status, 204);
  assert.equal((await register("second", [jwk])).status, 204);
});
