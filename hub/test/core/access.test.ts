import assert from "node:assert/strict";
import { test } from "node:test";
import { openTestHub } from "./hub-fixture.ts";

const session = {
  user: "ana",
  role: "admin" as const,
  workspaceId: "main",
  csrf: "x",
  expiresUs: Date.now() * 1_000 + 60_000_000,
};

test("accounts, sessions, credentials and notification settings outlive a restart", async (t) => {
  const first = await openTestHub(t);
  await first.hub.putAccount("main", { user: "ana", passwordHash: "h1", role: "viewer" });
  await first.hub.putAccount("main", { user: "ana", passwordHash: "h2", role: "admin" });
  await first.hub.putSession("s1", session, "browser", "");
  await first.hub.putCredential("k1", { credentialId: "c1", workspaceId: "main", use: "sensor", cluster: "local" });
  const notification = { ...(await first.hub.notification("main")), enabled: true, url: "https://example.test/hook" };
  await first.hub.putNotification("main", notification);
  await first.close();
  const { hub } = await openTestHub(t, { dataFolder: first.folder });
  assert.deepEqual(await hub.account("main", "ana"), { user: "ana", passwordHash: "h2", role: "admin" });
  assert.equal(await hub.account("other", "ana"), undefined);
  assert.deepEqual(await hub.session("s1"), session);
  assert.deepEqual(await hub.credential("k1", "sensor"), {
    workspaceId: "main",
    credentialId: "c1",
    cluster: "local",
    node: null,
    mayAudit: true,
  });
  assert.deepEqual(await hub.notification("main"), notification);
});

test("an expired or deleted session is none", async (t) => {
  const { hub } = await openTestHub(t);
  await hub.putSession("old", { ...session, expiresUs: Date.now() * 1_000 - 1 }, "token", "cli");
  assert.equal(await hub.session("old"), undefined);
  await hub.putSession("s1", session, "browser", "");
  assert.ok(await hub.session("s1"));
  await hub.deleteSession("s1");
  assert.equal(await hub.session("s1"), undefined);
});

test("a credential serves its own use only, and none after it was revoked", async (t) => {
  const { hub } = await openTestHub(t);
  await hub.putCredential("k1", { credentialId: "c1", workspaceId: "main", use: "audit", cluster: "prod" });
  assert.equal(await hub.credential("k1", "sensor"), undefined);
  assert.ok(await hub.credential("k1", "audit"));
  assert.equal(await hub.revokeCredential("other", "c1"), false);
  assert.ok(await hub.credential("k1", "audit"));
  assert.equal(await hub.revokeCredential("main", "c1"), true);
  assert.equal(await hub.credential("k1", "audit"), undefined);
  const [listed] = await hub.auditCredentials("main");
  assert.deepEqual([listed?.credential_id, listed?.cluster], ["c1", "prod"]);
  assert.ok((listed?.revoked_us ?? 0) > 0);
});

test("a credential that is put again under its id replaces the earlier secret", async (t) => {
  const { hub } = await openTestHub(t);
  const row = { credentialId: "c1", workspaceId: "main", use: "sensor" as const, cluster: "local" };
  await hub.putCredential("k1", row);
  assert.ok(await hub.credential("k1", "sensor"));
  await hub.putCredential("k2", { ...row, cluster: "renamed" });
  assert.equal(await hub.credential("k1", "sensor"), undefined);
  assert.equal((await hub.credential("k2", "sensor"))?.cluster, "renamed");
});
