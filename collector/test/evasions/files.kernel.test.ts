import assert from "node:assert/strict";
import { statSync, writeFileSync } from "node:fs";
import { after, before, describe } from "node:test";
import { skipUnless } from "../../../tools/testing/needs.ts";
import { KernelWatch } from "../kernel-watch.ts";
import { evasion, eventsOf, perform } from "./evasion.ts";

describe("evasions on files", { skip: skipUnless("kernel") }, () => {
  let watch: KernelWatch;
  let secret: string;
  before(async () => {
    watch = await KernelWatch.open({ open_names: ["secret-file", "absent-file"] });
    secret = `${watch.folder}/secret-file`;
    writeFileSync(secret, "");
    writeFileSync(`${watch.folder}/secret-filf`, "");
  });
  after(() => watch.close());
  const scene = () => watch;

  evasion(5, "a path that another thread rewrites is reported as what was opened", ["exit_openat"], scene, async () => {
    const { pid, stdout } = perform(watch, "paths", "flip", secret, `${watch.folder}/secret-filf`, "3000");
    const hits = Number(stdout);
    assert.ok(hits > 0 && hits < 3_000, `the race was one: ${hits} of 3000`);
    await watch.first("open", (record) => record.task.pid === pid);
    const opened = watch.of("open", (record) => record.task.pid === pid);
    assert.equal(opened.length, hits);
    assert.ok(opened.every((record) => record.path === secret && record.pathTrusted));
  });

  evasion(6, "a path on a page that is not there is reported, opened or refused", ["exit_openat"], scene, async () => {
    const opens = perform(watch, "paths", "unfaulted", secret, "500").pid;
    const refused = perform(watch, "paths", "unfaulted", `${watch.folder}/absent-file`, "500").pid;
    await watch.first("open", (record) => record.task.pid === opens);
    assert.equal(watch.of("open", ({ task, path }) => task.pid === opens && path === secret).length, 500);
    const failed = watch.of("open_failed", (record) => record.task.pid === refused);
    assert.equal(failed.length, 500);
    assert.ok(failed.every((one) => one.path === `${watch.folder}/absent-file` && one.error === -2));
  });

  const calls = { open: "open", creat: "creat", openat2: "openat2", handle: "open_by_handle_at" };
  for (const [call, name] of Object.entries(calls)) {
    evasion(19, `${name} gives the path and the file`, [`exit_${name}`], scene, async () => {
      const { pid, status } = watch.act("opens", call, "1", secret);
      assert.equal(status, 0);
      const { path, inode, pathTrusted } = await watch.first("open", (record) => record.task.pid === pid);
      assert.deepEqual([path, inode, pathTrusted], [secret, statSync(secret).ino, true]);
    });
  }

  evasion(19, "below a tree that open_tree cloned the file is seen", ["exit_openat"], scene, async () => {
    const { pid } = perform(watch, "paths", "tree", watch.folder, "secret-file");
    const { path, inode } = await watch.first("open", (record) => record.task.pid === pid);
    // A detached mount has no place: the path begins at it.
    assert.deepEqual([path, inode], ["/secret-file", statSync(secret).ino]);
  });

  evasion(25, "a rewritten command line and name change nothing in the event", ["exit_openat"], scene, async () => {
    const { pid } = perform(watch, "runs", "rewrite", secret, "evil-argument");
    await watch.first("open", (record) => record.task.pid === pid);
    const event = eventsOf(watch).find((one) => one.class === "file" && one.pid === pid);
    assert.deepEqual(event?.argv, [`${watch.folder}/runs`, "rewrite", secret, "evil-argument"]);
    assert.equal(event?.exe_path, `${watch.folder}/runs`);
    assert.equal(event?.from_snapshot, false);
  });
});
