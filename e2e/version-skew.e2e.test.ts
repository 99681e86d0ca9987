import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { alertSchema } from "@atalaya/wire";
import { skipUnless } from "../tools/testing/needs.ts";
import { settledAccount } from "./soak/account.ts";
import { freePort } from "./stack.ts";
import { argumentsOfFrames1, commitOfFrames1 } from "./version-skew/old-arguments.ts";
import { treeOfCommit, treeOfNextVersion } from "./version-skew/trees.ts";
import { arrived, from, logged, Versions, work } from "./version-skew/versions.ts";

const skip = skipUnless("kernel");

async function withTree(make: (folder: string) => string, use: (tree: string, all: Versions) => Promise<void>) {
  const folder = mkdtempSync(join(tmpdir(), "atalaya-tree-"));
  const all = new Versions();
  try {
    await use(make(join(folder, "tree")), all);
  } finally {
    await all.close();
    rmSync(folder, { recursive: true, force: true });
  }
}

test("a newer node's frames get 426, stay spooled, and are delivered once the hub is upgraded", { skip }, async () => {
  await withTree(treeOfNextVersion, async (tree, all) => {
    const port = await freePort();
    const next = all.stack({ port, launch: (part, args) => from(tree, part, args) });
    const present = all.stack({ port });
    await present.hub.start();
    await next.publisher.start();
    await next.collector.start();
    const tag = randomUUID().slice(0, 8);
    const { execs } = await work(next, tag, 2);
    assert.ok(
      await logged(next, "publisher", /older than these frames/, 20),
      "the publisher says nothing of a refusal",
    );
    assert.equal(await arrived(present, tag, 1, 1), 0);
    await present.hub.stop();
    await next.hub.start();
    assert.equal(await arrived(next, tag, execs, 40), execs);
    await next.collector.stop();
    const account = await settledAccount(next.client, 20_000);
    const { lost, difference } = account;
    assert.deepEqual({ lost, difference }, { lost: 0, difference: 0 }, JSON.stringify(account));
    assert.deepEqual(all.unasked, []);
  });
});

test("what a node and a hub of frames' version 1 left is taken over: spool and alerts, with a backup", {
  skip,
}, async () => {
  await withTree(
    (folder) => treeOfCommit(commitOfFrames1, folder),
    async (tree, all) => {
      const port = await freePort();
      const old = all.stack({ port, argumentsOf: argumentsOfFrames1, launch: (part, args) => from(tree, part, args) });
      await old.hub.start();
      const alert = await old.client.post("/api/v1/test-alert", {}, alertSchema);
      await old.hub.stop();
      await old.publisher.start();
      await old.collector.start();
      const tag = randomUUID().slice(0, 8);
      const { execs } = await work(old, tag, 2);
      await old.collector.stop();
      await old.publisher.stop();

      const present = all.stack({ port });
      await present.hub.start();
      const kept = await present.client.get(`/api/v1/alerts/${alert.alert_id}`, alertSchema);
      assert.deepEqual(kept.title, alert.title);
      const beside = readdirSync(present.folders.hub, { recursive: true, encoding: "utf8" });
      assert.ok(
        beside.some((name) => /before|backup/.test(name)),
        `no backup among ${beside.join(" ")}`,
      );
      await present.publisher.start();
      assert.equal(await arrived(present, tag, execs, 40), execs);
      assert.deepEqual(all.unasked, []);
    },
  );
});
