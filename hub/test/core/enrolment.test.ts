import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { openHubCore } from "../../src/core/open-hub-core.ts";
import type { EnrolmentStore } from "../../src/enrolment/enrolment-store.ts";
import type { HubCore } from "../../src/hub-core.ts";
import { InMemoryEnrolment } from "../in-memory-enrolment.ts";

// One suite for the store on disk and for the one that tests of the server use: they must not drift apart.

const folder = mkdtempSync(join(tmpdir(), "atalaya-enrolment-"));
let core: HubCore;
before(async () => {
  core = await openHubCore({
    ...{ dataFolder: folder, ruleFiles: [], node: "here", cluster: "local", version: "0", builtIn: [] },
  });
});
after(async () => {
  await core.close();
  rmSync(folder, { recursive: true });
});

const inAnHour = () => (Date.now() + 3_600_000) * 1000;
const stores: [name: string, store: () => EnrolmentStore][] = [
  ["on disk", () => core.enrolment],
  ["in memory", () => memory],
];
const memory = new InMemoryEnrolment();

for (const [name, store] of stores) {
  describe(`enrolment ${name}`, () => {
    const token = (secret: string, change = {}) =>
      store().putToken(secret, {
        ...{ workspaceId: "a", tokenId: secret, cluster: "c", node: null, proof: "token" as const },
        ...{ createdBy: "admin", expiresUs: inAnHour(), mayAudit: false, ...change },
      });
    const exchange = (secretHash: string, node: string, keySha256: string, cluster?: string) =>
      store().enrolByToken({ secretHash, node, cluster, keySha256, expiresUs: inAnHour() });

    test("what a token or a pod lets a node send is kept with the node, until it enrols by another", async () => {
      await token("with-audit", { mayAudit: true });
      assert.equal((await exchange("with-audit", "cp", "k1"))?.mayAudit, true);
      assert.equal((await store().tokens("a")).find((one) => one.token_id === "with-audit")?.may_audit, true);
      const pod = { workspaceId: "a", cluster: "c", node: "cp", nodeUid: "u", keySha256: "k2", expiresUs: inAnHour() };
      await store().enrolByPod({ ...pod, podUid: "plain", mayAudit: false });
      assert.equal((await store().node("a", "c", "cp"))?.mayAudit, false);
      await store().enrolByPod({ ...pod, podUid: "control-plane", mayAudit: true });
      assert.equal((await store().node("a", "c", "cp"))?.mayAudit, true);
    });

    test("a token is good for one key", async () => {
      await token("s1");
      const row = await exchange("s1", "n1", "k1");
      assert.partialDeepStrictEqual(row, {
        workspaceId: "a",
        cluster: "c",
        node: "n1",
        keySha256: "k1",
        proof: "token",
      });
      assert.equal(await exchange("s1", "n1", "k2"), undefined);
      assert.equal(await exchange("s1", "n2", "k1"), undefined);
      assert.equal((await exchange("s1", "n1", "k1"))?.nodeId, row?.nodeId);
      assert.deepEqual(await store().node("a", "c", "n1"), {
        ...(await store().nodes("a")).find((one) => one.node === "n1"),
      });
      assert.equal(await store().node("b", "c", "n1"), undefined, "another workspace's");
    });

    test("a used token brings nobody back who was revoked, nor a key that was replaced", async () => {
      await token("r1");
      const row = await exchange("r1", "n7", "k1");
      const of = { workspaceId: "a", nodeId: row?.nodeId ?? "" };
      await store().renew({ ...of, oldKey: "k1", newKey: "k2", expiresUs: inAnHour() });
      assert.equal(await exchange("r1", "n7", "k1"), undefined, "the key was replaced");
      assert.equal((await store().node("a", "c", "n7"))?.keySha256, "k2");
      await store().revokeNode("a", of.nodeId, "admin");
      assert.equal(await exchange("r1", "n7", "k2"), undefined);
      assert.equal((await store().node("a", "c", "n7"))?.revokedBy, "admin");
    });

    test("a token that names no node takes no name from a node at work; one that names it does", async () => {
      await token("t1");
      await token("t2");
      await token("t3", { node: "n8" });
      await exchange("t1", "n8", "k1");
      assert.equal(await exchange("t2", "n8", "k2"), undefined);
      assert.equal((await store().node("a", "c", "n8"))?.keySha256, "k1");
      assert.equal((await exchange("t2", "n10", "k2"))?.node, "n10", "it was not used up");
      assert.equal((await exchange("t3", "n8", "k3"))?.keySha256, "k3");
    });

    test("a token is known while it is neither revoked nor ended", async () => {
      await token("q1");
      await token("q2", { expiresUs: 1 });
      assert.deepEqual(await Promise.all(["q1", "q2", "q3"].map((one) => store().knowsToken(one))), [
        true,
        false,
        false,
      ]);
      await store().revokeToken("a", "q1");
      assert.equal(await store().knowsToken("q1"), false);
    });

    test("expired, revoked, for another node or cluster: undefined", async () => {
      await token("s2", { expiresUs: 1 });
      await token("s3", { node: "n3" });
      await token("s4");
      assert.equal(await exchange("s2", "n2", "k"), undefined);
      assert.equal(await exchange("s3", "n2", "k"), undefined);
      assert.equal(await exchange("s4", "n2", "k", "other"), undefined);
      assert.equal(await store().revokeToken("b", "s4"), false);
      assert.equal(await store().revokeToken("a", "s4"), true);
      assert.equal(await exchange("s4", "n2", "k"), undefined);
      assert.equal(await store().revokeToken("a", "s1"), false, "used up");
      const listed = await store().tokens("a");
      assert.ok(listed.length >= 4 && listed.every((one) => !("secret_hash" in one)));
    });

    test("a renewal moves the key on, a revocation ends it, a new token begins again", async () => {
      const row = await store().node("a", "c", "n1");
      const of = { workspaceId: "a", nodeId: row?.nodeId ?? "", expiresUs: inAnHour() };
      assert.equal(await store().renew({ ...of, oldKey: "k9", newKey: "k2" }), false);
      assert.equal(await store().renew({ ...of, oldKey: "k1", newKey: "k2" }), true);
      assert.partialDeepStrictEqual(await store().node("a", "c", "n1"), { keySha256: "k2", previousKeySha256: "k1" });
      assert.equal(await store().revokeNode("b", of.nodeId, "eve"), false);
      assert.equal(await store().revokeNode("a", of.nodeId, "admin"), true);
      assert.equal(await store().revokeNode("a", of.nodeId, "admin"), false);
      assert.equal((await store().node("a", "c", "n1"))?.revokedBy, "admin");
      assert.equal(await store().renew({ ...of, oldKey: "k2", newKey: "k3" }), false);
      await token("s5");
      await exchange("s5", "n1", "k4");
      const again = await store().node("a", "c", "n1");
      assert.partialDeepStrictEqual(again, {
        keySha256: "k4",
        previousKeySha256: null,
        revokedUs: null,
        nodeId: of.nodeId,
      });
    });
  });
}
