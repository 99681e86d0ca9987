import assert from "node:assert/strict";
import { mkdtemp, rm, stat } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, test } from "node:test";
import { sessionSchema } from "@atalaya/wire";
import { HubClient } from "@atalaya/wire/client";
import { secretHash } from "../../src/auth/secret.ts";
import { serverLimits } from "../../src/server/limits.ts";
import { InMemoryCore } from "../in-memory-core.ts";
import { localToken, TestHub } from "../test-hub.ts";

let data = "";
beforeEach(async () => {
  data = await mkdtemp(join(tmpdir(), "atalaya-first-"));
});
afterEach(() => rm(data, { recursive: true, force: true }));

async function twice(between: (hub: TestHub) => void, extra: string[] = []) {
  const core = new InMemoryCore();
  const first = await TestHub.start([], core, data);
  const before = { client: first.adminToken, token: first.read(localToken), password: first.hub.firstPassword };
  between(first);
  await first.hub.close();
  const second = await TestHub.start(extra, core, data);
  const later = { client: second.adminToken, token: second.read(localToken), password: second.hub.firstPassword };
  await second.hub.close();
  return { core, before, later };
}

test("the first start tells a password, and the second does not", async () => {
  const { before, later } = await twice(() => {});
  assert.match(before.password ?? "", /^([a-z2-9]{5}-){3}[a-z2-9]{5}$/);
  assert.equal(later.password, undefined);
  assert.equal(later.client, before.client);
});

test("secrets lie in files that only their owner reads, and in the store as hashes", async () => {
  const hub = await TestHub.start([], new InMemoryCore(), data);
  for (const name of ["client.json", localToken, "hub/ca.key", "hub/server.key"]) {
    assert.equal((await stat(join(data, name))).mode & 0o777, 0o600, name);
  }
  const stored = JSON.stringify([
    [...hub.core.sessions],
    [...hub.core.credentials],
    [...hub.core.accounts],
    [...hub.core.enrolment.kept],
  ]);
  for (const secret of [hub.adminToken, hub.read(localToken).trim(), hub.hub.firstPassword ?? "none"]) {
    assert.equal(stored.includes(secret), false);
  }
  await hub.hub.close();
});

test("the local command line is signed in as admin by client.json alone", async () => {
  const hub = await TestHub.start([], new InMemoryCore(), data);
  const session = await HubClient.fromFile(join(data, "client.json")).get("/api/v1/session", sessionSchema);
  assert.equal(session.role, "admin");
  hub.agent.destroy();
  await hub.hub.close();
});

test("a local token near its end is replaced, and the old one is worthless", async () => {
  const { core, before, later } = await twice((hub) => {
    const row = hub.core.sessions.get(secretHash(hub.adminToken));
    if (row !== undefined) row.expiresUs = (Date.now() + serverLimits.localTokenRenewMs - 60_000) * 1000;
  });
  assert.notEqual(later.client, before.client);
  assert.equal(core.sessions.has(secretHash(before.client)), false);
});

test("the token of this machine's own node is made anew at each start while it was not used", async () => {
  const { core, before, later } = await twice(() => {}, ["--cluster", "other"]);
  assert.notEqual(later.token, before.token);
  assert.deepEqual(
    [...core.enrolment.kept.values()].map((one) => [one.cluster, one.proof]),
    [["other", "local"]],
  );
});

test("a forgotten password can be made anew", async () => {
  const { core, before, later } = await twice(() => {}, ["--reset-password"]);
  assert.notEqual(later.password, undefined);
  assert.notEqual(later.password, before.password);
  assert.equal(core.accounts.get("admin")?.passwordHash.startsWith("$argon2id$"), true);
});
