import assert from "node:assert/strict";
import { createHash, X509Certificate } from "node:crypto";
import type { Agent } from "node:https";
import { after, afterEach, beforeEach, test } from "node:test";
import { enrolmentTokenSchema, readEnrolmentToken } from "@atalaya/wire";
import { enrolmentLimits } from "../../src/enrolment/limits.ts";
import { openAuthority } from "../../src/tls/hub-authority.ts";
import { askForCertificate, newNodeKey, nodeAgent } from "../enrol-node.ts";
import { execEvent, packed, processFrame } from "../frames.ts";
import { TestHub } from "../test-hub.ts";

let hub: TestHub;
const agents: Agent[] = [];
beforeEach(async () => {
  hub = await TestHub.start();
});
afterEach(() => hub.stop());
after(() => {
  for (const agent of agents) agent.destroy();
});

async function makeToken(wish: Record<string, unknown> = {}): Promise<string> {
  const made = await hub.admin("POST", "/api/v1/enrolment-tokens", { cluster: "shop", ...wish });
  assert.equal(made.status, 200, made.text);
  return enrolmentTokenSchema.parse(made.json).token ?? "";
}

const enrol = async (body: Record<string, unknown>) => askForCertificate(hub.hub.url, "/v1/enroll", body, hub.agent);

function agentOf(certificate: string, key: string): Agent {
  const agent = nodeAgent(hub.read("hub/ca.pem"), certificate, key);
  agents.push(agent);
  return agent;
}

const send = (agent: Agent, names = { node: "n1", cluster: "shop" }) =>
  hub.call("POST", "/v1/ingest", { raw: packed(processFrame([execEvent()], names)), agent });

test("a token names the hub's CA, gives one node a certificate of a day, and is then used up", async () => {
  const token = await makeToken();
  const ca = new X509Certificate((await hub.call("GET", "/v1/ca")).text);
  assert.equal(readEnrolmentToken(token)?.caSha256, createHash("sha256").update(ca.raw).digest("hex"));
  const { csr, key } = await newNodeKey();
  const first = await enrol({ csr, token, node: "n1", cluster: "shop" });
  assert.equal(first.status, 200, first.text);
  const certificate = new X509Certificate(first.reply?.certificate ?? "");
  assert.equal(certificate.subjectAltName, "URI:atalaya://default/shop/n1");
  assert.ok(certificate.validToDate.getTime() - Date.now() <= enrolmentLimits.certificateMs);
  assert.ok(Date.now() - certificate.validFromDate.getTime() >= enrolmentLimits.backdateMs - 5_000);
  assert.equal((await send(agentOf(first.reply?.certificate ?? "", key))).status, 200);
  assert.equal(hub.core.ingested.at(-1)?.sender.node, "n1");
  const other = await newNodeKey();
  assert.equal((await enrol({ csr: other.csr, token, node: "n2", cluster: "shop" })).status, 401);
  assert.equal((await enrol({ csr, token, node: "n1", cluster: "shop" })).status, 200, "an answer that was lost");
});

test("every wrong proof is refused with the same words", async () => {
  const { csr } = await newNodeKey();
  const revoked = await makeToken();
  const id = readEnrolmentToken(revoked)?.id;
  assert.equal((await hub.admin("DELETE", `/api/v1/enrolment-tokens/${id}`)).status, 204);
  const forNode = await makeToken({ node: "n9" });
  const old = await makeToken();
  for (const row of hub.core.enrolment.kept.values()) {
    if (row.tokenId === readEnrolmentToken(old)?.id) row.expiresUs = Date.now() * 1000 - 1;
  }
  const unknown = revoked.replace(/\.[\w-]{43}\./, `.${"x".repeat(43)}.`);
  const answers = new Set<string>();
  for (const [token, node] of [
    [revoked, "n1"],
    [forNode, "n1"],
    [old, "n1"],
    [unknown, "n1"],
    ["nonsense", "n1"],
    [undefined, "n1"],
  ] as const) {
    const answer = await enrol({ csr, node, ...(token === undefined ? {} : { token }) });
    answers.add(`${answer.status} ${answer.text}`);
    if (answers.size > 4) break;
  }
  assert.equal(answers.size <= 2, true, [...answers].join("\n"));
  assert.match([...answers][0] ?? "", /^401 .*ENROL_REFUSED/);
});

test("a request that is not PKCS #10 with a P-256 key of its own is refused, and the token stays good", async () => {
  const token = await makeToken();
  const other = await newNodeKey("P-384");
  const { csr } = await newNodeKey();
  const der = Buffer.from(csr.replace(/-----[A-Z ]+-----|\s/g, ""), "base64");
  der[der.length - 5] = (der.at(-5) ?? 0) ^ 1;
  const forged = `-----BEGIN CERTIFICATE REQUEST-----\n${der.toString("base64")}\n-----END CERTIFICATE REQUEST-----`;
  for (const bad of [
    "not PEM",
    other.csr,
    forged,
    `-----BEGIN CERTIFICATE REQUEST-----\nMA==\n-----END CERTIFICATE REQUEST-----`,
  ]) {
    assert.equal((await enrol({ csr: bad, token, node: "n1" })).status, 400, bad.slice(0, 40));
  }
  assert.equal((await enrol({ csr, token, node: "n1" })).status, 200);
});

test("a renewal is proved by the old certificate, and both keys count until the next one", async () => {
  const { csr, key } = await newNodeKey();
  const first = await enrol({ csr, token: await makeToken(), node: "n1" });
  const agent = agentOf(first.reply?.certificate ?? "", key);
  const next = await newNodeKey();
  assert.equal((await askForCertificate(hub.hub.url, "/v1/enroll/renew", { csr: next.csr }, hub.agent)).status, 401);
  const renewed = await askForCertificate(hub.hub.url, "/v1/enroll/renew", { csr: next.csr }, agent);
  assert.equal(renewed.status, 200, renewed.text);
  const second = agentOf(renewed.reply?.certificate ?? "", next.key);
  assert.deepEqual([(await send(agent)).status, (await send(second)).status], [200, 200]);
  const third = await newNodeKey();
  assert.equal((await askForCertificate(hub.hub.url, "/v1/enroll/renew", { csr: third.csr }, second)).status, 200);
  assert.equal((await send(agent)).json["code"], "CREDENTIAL_UNKNOWN");
});

test("an expired certificate still renews for a week, and sends nothing", async () => {
  const { csr, key } = await newNodeKey();
  await enrol({ csr, token: await makeToken(), node: "n1" });
  const authority = openAuthority(`${hub.data}/hub`);
  const own = await authority.readRequest(csr);
  const name = { workspace: "default", cluster: "shop", node: "n1" };
  const hourMs = 3_600_000;
  const endedMs = (agoMs: number) => authority.issueNode(own, name, (Date.now() - agoMs) * 1000);
  const yesterday = agentOf(await endedMs(23 * hourMs), key);
  assert.equal((await send(yesterday)).status, 401);
  const next = await newNodeKey();
  assert.equal((await askForCertificate(hub.hub.url, "/v1/enroll/renew", { csr: next.csr }, yesterday)).status, 200);
});

test("a revoked node is refused at once, on the connection that is open too, until it is enrolled again", async () => {
  const { csr, key } = await newNodeKey();
  const first = await enrol({ csr, token: await makeToken(), node: "n1" });
  const agent = agentOf(first.reply?.certificate ?? "", key);
  assert.equal((await send(agent)).status, 200);
  const listed = (await hub.admin("GET", "/api/v1/nodes")).json["nodes"] as { node_id: string; node: string }[];
  const id = listed.find((one) => one.node === "n1")?.node_id;
  assert.equal((await hub.admin("POST", `/api/v1/nodes/${id}/revoke`)).status, 204);
  const refused = await send(agent);
  assert.deepEqual([refused.status, refused.json["code"]], [403, "CREDENTIAL_REVOKED"]);
  const next = await newNodeKey();
  assert.equal((await askForCertificate(hub.hub.url, "/v1/enroll/renew", { csr: next.csr }, agent)).status, 403);
  const again = await enrol({ csr: next.csr, token: await makeToken(), node: "n1" });
  assert.equal((await send(agentOf(again.reply?.certificate ?? "", next.key))).status, 200);
  assert.equal((await send(agent)).json["code"], "CREDENTIAL_UNKNOWN", "the stolen certificate stays worthless");
});

test("a certificate of another authority, or for a server, is nobody's", async () => {
  const other = await TestHub.start();
  try {
    const { csr, key } = await newNodeKey();
    const made = await other.admin("POST", "/api/v1/enrolment-tokens", { cluster: "shop" });
    const foreign = await askForCertificate(
      other.hub.url,
      "/v1/enroll",
      { csr, token: made.json["token"], node: "n1" },
      other.agent,
    );
    assert.equal((await send(agentOf(foreign.reply?.certificate ?? "", key))).json["code"], "CREDENTIAL_MISSING");
    const server = agentOf(hub.read("hub/server.pem"), hub.read("hub/server.key"));
    assert.equal((await send(server)).json["code"], "CREDENTIAL_MISSING");
  } finally {
    await other.stop();
  }
});

test("a revoked node does not come back with the token that it once used", async () => {
  const { csr, key } = await newNodeKey();
  const token = await makeToken();
  const first = await enrol({ csr, token, node: "n1" });
  const listed = (await hub.admin("GET", "/api/v1/nodes")).json["nodes"] as { node_id: string }[];
  assert.equal((await hub.admin("POST", `/api/v1/nodes/${listed[0]?.node_id}/revoke`)).status, 204);
  assert.equal((await enrol({ csr, token, node: "n1" })).status, 401);
  assert.equal((await send(agentOf(first.reply?.certificate ?? "", key))).json["code"], "CREDENTIAL_REVOKED");
});

test("guessing is slowed, and nobody who has a token with it", async () => {
  const { csr } = await newNodeKey();
  const wrong = { csr, token: `atalaya-enroll.abcdefgh.${"x".repeat(43)}.${"0".repeat(64)}`, node: "n1" };
  const statuses = [];
  for (let i = 0; i < 6; i++) statuses.push((await enrol(wrong)).status);
  assert.deepEqual(statuses, [401, 401, 401, 401, 401, 429]);
  const good = await enrol({ csr, token: await makeToken(), node: "n1" });
  assert.equal(good.status, 200, "who has a token is not kept out by others behind the same address");
});
