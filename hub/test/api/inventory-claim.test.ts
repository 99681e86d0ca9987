import assert from "node:assert/strict";
import type { Agent } from "node:https";
import { after, before, beforeEach, test } from "node:test";
import { Fault, inventoryServiceAccount } from "@atalaya/wire";
import { judgeClaim } from "../../src/inventory/judge-claim.ts";
import { askForCertificate, newNodeKey, nodeAgent } from "../enrol-node.ts";
import { inventoryFrame, packed, podRow } from "../frames.ts";
import { issuer, newSigner, type Signer, tokenOf } from "../pod-token.ts";
import { publisherReport } from "../served-hub.ts";
import { TestHub } from "../test-hub.ts";

let hub: TestHub;
let signer: Signer;
let bank: Signer;
const agents = new Map<string, Agent>();
before(async () => {
  hub = await TestHub.start();
  for (const cluster of ["shop", "bank"]) {
    const made = await newSigner("ES256", cluster);
    const jwks = JSON.stringify({ keys: [made.jwk] });
    assert.equal((await hub.admin("PUT", `/api/v1/clusters/${cluster}`, { issuer, jwks })).status, 204);
    if (cluster === "shop") signer = made.signer;
    else bank = made.signer;
  }
  for (const node of ["n1", "n2"]) agents.set(node, await enrolled(node));
});
beforeEach(() => hub.core.inventoryNodes.clear());
after(async () => {
  for (const agent of agents.values()) agent.destroy();
  await hub.stop();
});

const onNode = (node: string) => ({ node: { name: node, uid: `uid-${node}` } });

async function enrolled(node: string): Promise<Agent> {
  const { csr, key } = await newNodeKey();
  const body = { csr, service_account_token: await tokenOf(signer, {}, onNode(node)), node };
  const { reply } = await askForCertificate(hub.hub.url, "/v1/enroll", body, hub.agent);
  return nodeAgent(hub.read("hub/ca.pem"), reply?.certificate ?? "", key);
}

function inventoryToken({
  by = signer,
  node = "n1",
  name = inventoryServiceAccount as string,
  namespace = "kube-system",
  claims = {},
} = {}) {
  const sub = `system:serviceaccount:${namespace}:${name}`;
  return tokenOf(by, { sub, ...claims }, { namespace, serviceaccount: { name, uid: "7f" }, ...onNode(node) });
}

async function claim(node: string, ...tokens: string[]) {
  const body = { publisher: publisherReport({}), confirmed: null, holds: Number.MAX_SAFE_INTEGER, wait_s: 0 };
  const claims = tokens.map((token) => ({ token }));
  const agent = agents.get(node) ?? assert.fail("no such node");
  const answer = await hub.call("POST", "/v1/sync", { body: { ...body, claims }, agent });
  assert.equal(answer.status, 200, answer.text);
  return answer.json["claims"] as { accepted: boolean; reason?: string }[];
}

const send = (node: string) => {
  const raw = packed(inventoryFrame([podRow()], { node, cluster: "shop" }));
  return hub.call("POST", "/v1/ingest", { raw, agent: agents.get(node) ?? assert.fail("no such node") });
};

test("a node sends its cluster's inventory when a pod of the inventory's account on it has proved itself, no other node does", async () => {
  assert.equal((await send("n1")).status, 403);
  assert.deepEqual(await claim("n1", await inventoryToken()), [{ accepted: true }]);
  assert.equal((await send("n1")).status, 200);
  const other = await send("n2");
  assert.deepEqual([other.status, other.json["code"]], [403, "IDENTITY_MISMATCH"]);
  assert.equal(hub.core.mismatches.at(-1)?.[0], "n2");
});

const refusals: [what: string, token: () => Promise<string>, reason: RegExp][] = [
  ["another node's", () => inventoryToken({ node: "n2" }), /names another node/],
  ["the publisher's own", () => inventoryToken({ name: "atalaya-publisher" }), /another service account/],
  [
    "the audit publisher's",
    () => inventoryToken({ name: "atalaya-publisher-control-plane" }),
    /another service account/,
  ],
  ["another namespace's", () => inventoryToken({ namespace: "default" }), /another namespace/],
  ["another audience's", () => inventoryToken({ claims: { aud: ["x"] } }), /ERR_JWT_CLAIM_VALIDATION_FAILED/],
  ["one that ended", () => inventoryToken({ claims: { iat: 1, nbf: 1, exp: 3_600 } }), /ERR_JWT_EXPIRED/],
  ["another cluster's", () => inventoryToken({ by: bank }), /KEY|SIGNATURE/i],
  ["no token", async () => "nonsense", /ERR_JWT_INVALID/],
];
for (const [what, token, reason] of refusals)
  test(`a claim by ${what} token is refused, with its reason, and told`, async () => {
    const told = hub.core.mismatches.length;
    const [reply] = await claim("n1", await token());
    assert.equal(reply?.accepted, false);
    assert.match(reply.reason ?? "", reason);
    assert.equal(hub.core.mismatches.length, told + 1);
    assert.equal((await send("n1")).status, 403);
  });

test("several claims are answered in their order", async () => {
  const replies = await claim("n1", "nonsense", await inventoryToken(), await inventoryToken({ node: "n2" }));
  assert.deepEqual(
    replies.map(({ accepted }) => accepted),
    [false, true, false],
  );
});

test("while the cluster that should be asked does not answer, a claim is not granted, and nobody is suspected", async () => {
  const told = hub.core.mismatches.length;
  const clusters = {
    verify: async () => {
      throw new Fault("KUBE_UNREACHABLE", "The hub cannot ask the cluster about this token; try again");
    },
  };
  const of = { workspaceId: "default", cluster: "shop", node: "n1" };
  const reply = await judgeClaim({ core: hub.core, clusters }, of, await inventoryToken());
  assert.deepEqual(reply, { accepted: false, reason: "The hub cannot ask the cluster about this token; try again" });
  assert.equal(hub.core.mismatches.length, told);
  assert.equal(hub.core.inventoryNodes.size, 0);
});
