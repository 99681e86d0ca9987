import assert from "node:assert/strict";
import { statSync, symlinkSync, writeFileSync } from "node:fs";
import { after, before, describe } from "node:test";
import type { SyscallEvent } from "@atalaya/wire";
import { skipUnless } from "../../../tools/testing/needs.ts";
import { KernelWatch } from "../kernel-watch.ts";
import { built, evasion, eventsOf, perform } from "./evasion.ts";

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

  const own = (event: SyscallEvent | undefined) => {
    assert.ok(event?.class === "file");
    const { path, open_flags, created, error, path_trusted, inode, device, upper_layer, activity, via_io_uring } =
      event;
    return { path, open_flags, created, error, path_trusted, inode, device, upper_layer, activity, via_io_uring };
  };

  for (const how of [["openat"], ["openat2"], ["open-direct"], ["sqpoll", "openat"]]) {
    evasion(1, `${how.join(" ")} through io_uring is the open that it is`, ["uring_complete"], scene, async () => {
      const { pid } = perform(watch, "uring", ...how, secret);
      const plain = watch.act("opens", "openat", "1", secret).pid;
      await watch.first("open", ({ task }) => task.pid === pid);
      await watch.first("open", ({ task }) => task.pid === plain);
      const files = eventsOf(watch).filter((event) => event.class === "file");
      const [event] = files.filter((one) => one.pid === pid);
      const same = own(files.find((one) => one.pid === plain));
      const flags = own(event).open_flags;
      assert.deepEqual(own(event), { ...same, via_io_uring: true, open_flags: flags });
      assert.equal(event?.exe_path, built(watch, "uring"));
    });
  }

  evasion(1, "a link hides nothing from io_uring's opens", ["uring_complete"], scene, async () => {
    const link = `${watch.folder}/harmless-${Math.random()}`;
    symlinkSync(secret, link);
    const { pid } = perform(watch, "uring", "openat", link);
    const { path, pathTrusted } = await watch.first("open", ({ task }) => task.pid === pid);
    assert.deepEqual([path, pathTrusted], [secret, true]);
  });

  evasion(1, "what io_uring refused is told with its error", ["uring_submit"], scene, async () => {
    const absent = `${watch.folder}/absent-file`;
    assert.equal(watch.run(built(watch, "uring"), ["openat", absent]).status, 2);
    const failed = watch.of("open_failed", ({ path }) => path === absent).length;
    const found = await watch.first("open_failed", ({ path, viaIoUring }) => path === absent && viaIoUring);
    assert.deepEqual([found.error, found.pathTrusted, failed], [-2, false, 0]);
    watch.records.splice(0);
  });

  evasion(
    1,
    "an open that says nothing of its success is told by what it asks for",
    ["uring_submit"],
    scene,
    async () => {
      const { pid } = perform(watch, "uring", "open-silent", secret);
      const { path, pathTrusted, viaIoUring } = await watch.first("open", ({ task }) => task.pid === pid);
      assert.deepEqual([path, pathTrusted, viaIoUring], [secret, false, true]);
    },
  );

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
