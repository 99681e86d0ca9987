// Settings that are files of the command line, and two who change them.
import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { type DriftPolicy, driftPolicySchema, Fault } from "@atalaya/wire";
import { HubClient } from "@atalaya/wire/client";
import * as z from "zod";
import { applySetting, type FileSetting } from "../../../cli/src/setting-file.ts";
import { serveHub } from "../served-hub.ts";

const main = fileURLToPath(new URL("../../../cli/src/main.ts", import.meta.url));

for (const [command, setting, written] of [
  ["drift", "drift-policy", (name: string) => ({ rules: [{ name, action: "alert" }] })],
  ["recorder", "recorder-policy", (name: string) => ({ scopes: [{ name }] })],
] as const)
  test(`${command} apply replaces what was read, and nothing that somebody else put in force since`, async (t) => {
    const hub = await serveHub(t);
    const run = (...args: string[]): Promise<{ status: number; out: string; err: string }> =>
      new Promise((done) => {
        const all = ["--disable-warning=ExperimentalWarning", main, command, ...args, "--data", hub.data];
        execFile(process.execPath, all, (error, out, err) =>
          done({ status: error === null ? 0 : Number(error.code), out, err }),
        );
      });
    const file = join(hub.data, "mine.json");
    writeFileSync(file, JSON.stringify(written("mine")));
    const quiet = await run("get", "--json");
    assert.deepEqual([quiet.status, quiet.err], [0, ""], "a script reads it without a word beside it");
    const { out, err } = await run("get", "--version");
    assert.equal(out, quiet.out);
    const version = /--replaces ([0-9a-f]{32})\n$/.exec(err)?.[1] ?? err;
    const path = `/api/v1/${setting}`;
    const inForce = async () => JSON.parse(await hub.client.text(path)) as unknown;
    await hub.client.put(path, written("theirs"), z.unknown());
    const refused = await run("apply", file, "--replaces", version);
    assert.equal(refused.status, 4, refused.err);
    assert.match(refused.err, /mine\.json was not put in force, and nothing was changed: .*somebody put another/);
    assert.match(refused.err, new RegExp(`atalaya ${command} get\\n$`));
    assert.deepEqual(await inForce(), written("theirs"));
    const unusable = await run("apply", file, "--replaces", "the-last");
    assert.deepEqual([unusable.status, /--replaces takes a version/.test(unusable.err)], [2, true]);
    const now = /--replaces ([0-9a-f]{32})\n$/.exec((await run("get", "--version")).err)?.[1] ?? "";
    assert.equal((await run("apply", file, "--replaces", now)).status, 0);
    assert.deepEqual(await inForce(), written("mine"));
    writeFileSync(file, JSON.stringify(written("again")));
    assert.equal((await run("apply", file)).status, 0, "what is in force as the command begins");
    assert.deepEqual(await inForce(), written("again"));
  });

test("what somebody else puts in force while the command runs is not replaced either", async (t) => {
  const hub = await serveHub(t);
  const theirs: DriftPolicy = { rules: [{ name: "theirs", action: "ignore" }] };
  /** The client as it is, and another who is faster between its reading and its writing. */
  class OvertakenClient extends HubClient {
    override async getVersioned<T>(path: string, schema: z.ZodType<T>): Promise<{ value: T; version: string }> {
      const read = await super.getVersioned(path, schema);
      await hub.client.put(path, theirs, z.unknown());
      return read;
    }
  }
  const client = new OvertakenClient({ url: hub.client.url, ca: hub.caPem, token: hub.token });
  const file = join(hub.data, "mine.json");
  writeFileSync(file, JSON.stringify({ rules: [{ name: "mine", action: "block" }] }));
  const setting = { command: "drift", called: "drift policy", path: "/api/v1/drift-policy", schema: driftPolicySchema };
  const applied = applySetting(client, setting satisfies FileSetting<DriftPolicy>, file, undefined);
  await assert.rejects(applied, (error) => error instanceof Fault && error.code === "CHANGED_SINCE");
  assert.deepEqual(await hub.client.get("/api/v1/drift-policy", driftPolicySchema), theirs);
});

test("what this version cannot read is replaced as well", async (t) => {
  const hub = await serveHub(t);
  /** The client as it is, before a hub whose policy holds a word of a later version. */
  class EarlierClient extends HubClient {
    override async getVersioned<T>(path: string, schema: z.ZodType<T>): Promise<{ value: T; version: string }> {
      const { version } = await super.getVersioned(path, z.unknown());
      return { value: schema.parse({ rules: [{ name: "later", action: "quarantine" }] }), version };
    }
  }
  const client = new EarlierClient({ url: hub.client.url, ca: hub.caPem, token: hub.token });
  const file = join(hub.data, "mine.json");
  const mine: DriftPolicy = { rules: [{ name: "mine", action: "block" }] };
  writeFileSync(file, JSON.stringify(mine));
  const setting = { command: "drift", called: "drift policy", path: "/api/v1/drift-policy", schema: driftPolicySchema };
  assert.deepEqual(await applySetting(client, setting satisfies FileSetting<DriftPolicy>, file, undefined), mine);
  assert.deepEqual(await hub.client.get("/api/v1/drift-policy", driftPolicySchema), mine);
});
