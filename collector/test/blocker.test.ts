import assert from "node:assert/strict";
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import type { DriftPolicy } from "@atalaya/wire";
import { Blocker } from "../src/blocking/blocker.ts";
import { PermitFile } from "../src/blocking/permit-file.ts";
import type { Container } from "../src/containers.ts";

// The decision alone, with a kernel side that notes what it is told; with real containers: blocking.containers.test.ts.

const asRoot = { skip: process.getuid?.() === 0 ? false : "the node's file has to be root's" };
const policy: DriftPolicy = { rules: [{ name: "shop", namespaces: ["shop"], action: "block" }] };

function container(id: string, namespace: string | null): Container {
  const unread = {
    runtime: null,
    image: null,
    privileged: null,
    pod: null,
    podUid: null,
    bundle: null,
    mounts: null,
    reason: null,
  };
  return { ...unread, id, namespace, name: null, rootFolder: `/roots/${id}`, cgroup: { version: 2, path: `/${id}` } };
}

function made(t: TestContext) {
  const folder = mkdtempSync(join(tmpdir(), "atalaya-blocker-"));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  const file = join(folder, "enforce.json");
  const say = (blocking: string) => {
    writeFileSync(file, JSON.stringify({ blocking, permit: [{ namespaces: ["*"] }] }));
    chmodSync(file, 0o600);
  };
  say("on");
  const known = new Set<Container>();
  const held = new Set<number>();
  const kernel = { isLeased: false };
  const blocker = new Blocker({
    enforced: {
      isPossible: true,
      add: ({ device }) => Boolean(held.add(device)),
      remove: (device) => void held.delete(device),
      renew() {
        kernel.isLeased = true;
      },
      release() {
        kernel.isLeased = false;
      },
    },
    isAttached: true,
    containers: () => known,
    paths: { idOf: (_, path) => Number(path.slice(1)) },
    permit: new PermitFile(file),
    cluster: "c",
    deviceOf: (rootFolder) => 100 + Number(rootFolder.slice("/roots/".length)),
    note: () => undefined,
    log: () => undefined,
  });
  return { blocker, known, held, kernel, say };
}

test("the switch lets go of a container, too, that nobody knows any more", asRoot, (t) => {
  const { blocker, known, held, kernel, say } = made(t);
  const shop = container("1", "shop");
  known.add(shop).add(container("2", "tools")).add(container("3", null));
  blocker.setPolicy(policy);
  blocker.step(0);
  assert.deepEqual([[...held], kernel.isLeased], [[101], true]);
  known.delete(shop);
  say("off");
  blocker.step(1);
  assert.deepEqual([[...held], kernel.isLeased], [[], false]);
});

test("a policy that asks for labels blocks only in pods whose labels the hub told of", asRoot, (t) => {
  const { blocker, known, held } = made(t);
  known.add({ ...container("1", "shop"), podUid: "pod-1" });
  known.add({ ...container("2", "shop"), podUid: "pod-2" }).add({ ...container("3", "shop"), podUid: "constructor" });
  const spared = { name: "db", labels: { app: "db" }, action: "alert" as const };
  blocker.setPolicy({ rules: [spared, { name: "all", action: "block" }] });
  blocker.step(0);
  assert.deepEqual([...held], [], "any of them could be spared");
  blocker.setPolicy({ rules: [spared, { name: "all", action: "block" }] }, { "pod-1": {}, "pod-2": { app: "db" } });
  blocker.step(1);
  assert.deepEqual([...held], [101]);
});

test(
  "after its end nothing is held any more, though containers become known while the rings are emptied",
  asRoot,
  (t) => {
    const { blocker, known, kernel } = made(t);
    known.add(container("1", "shop"));
    blocker.setPolicy(policy);
    blocker.step(0);
    blocker.end();
    assert.equal(kernel.isLeased, false);
    const late = container("4", "shop");
    known.add(late);
    blocker.learned(late);
    blocker.hurry(1);
    assert.equal(kernel.isLeased, false);
  },
);
