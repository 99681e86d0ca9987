import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { linkSync, rmSync, statSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, beforeEach, describe } from "node:test";
import { skipUnless } from "../../../tools/testing/needs.ts";
import { KernelWatch, root } from "../kernel-watch.ts";
import { evasion, eventsOf } from "./evasion.ts";

describe("another name for a watched file", { skip: skipUnless("kernel") }, () => {
  let watch: KernelWatch;
  let secret: string;
  let other: string;
  before(async () => {
    watch = await KernelWatch.open({
      listed_changes: ["rename", "link", "symlink"],
      change_names: ["secret-file"],
      open_names: ["secret-file"],
    });
    const source = join(root, "collector", "test", "programs", "changes.c");
    execFileSync("gcc", ["-O2", "-D_GNU_SOURCE", "-static", source, "-o", join(watch.folder, "changes")]);
    secret = join(watch.folder, "secret-file");
    other = join(watch.folder, "harmless");
  });
  after(() => watch.close());
  beforeEach(() => {
    rmSync(other, { force: true });
    writeFileSync(secret, "");
  });

  const scene = () => watch;

  /** How the opening of a path was told, by a program that does nothing else. */
  async function opened(path: string) {
    const { pid } = watch.act("opens", "openat", "1", path);
    const record = await watch.first("open", ({ task }) => task.pid === pid);
    const event = eventsOf(watch).find((one) => one.class === "file" && one.pid === pid);
    assert.ok(
      event?.class === "file" && event.path === record.path && (event.opened_as ?? undefined) === record.openedAs,
    );
    return { path: record.path, openedAs: record.openedAs, inode: record.inode };
  }
  evasion(
    21,
    "who opens a hard link opens the watched file, and is told with both names",
    ["exit_openat"],
    scene,
    async () => {
      rmSync(other, { force: true });
      linkSync(secret, other);
      assert.deepEqual(await opened(other), { path: secret, openedAs: other, inode: statSync(secret).ino });
    },
  );
  evasion(21, "who opens it by one of many hard links is told with that name", ["exit_openat"], scene, async () => {
    const links = Array.from({ length: 20 }, (_, i) => `${other}-${i}`);
    try {
      for (const link of links) linkSync(secret, link);
      const [last = ""] = links.slice(-1);
      assert.deepEqual(await opened(last), { path: last, openedAs: undefined, inode: statSync(secret).ino });
    } finally {
      for (const link of links) rmSync(link, { force: true });
    }
  });
  evasion(21, "so is who opens it where it is mounted over another file", ["exit_openat"], scene, async () => {
    writeFileSync(other, "");
    execFileSync("mount", ["--bind", secret, other]);
    try {
      const { path, openedAs, inode } = await opened(other);
      assert.ok(path.startsWith("/") && !path.startsWith("//") && path.endsWith("/secret-file"), path);
      assert.deepEqual([openedAs, inode], [other, statSync(secret).ino]);
    } finally {
      execFileSync("umount", [other]);
    }
  });
  evasion(21, "who opens a symbolic link to it opens it", ["exit_openat"], scene, async () => {
    rmSync(other, { force: true });
    symlinkSync(secret, other);
    assert.deepEqual(await opened(other), { path: secret, openedAs: undefined, inode: statSync(secret).ino });
  });

  const ways = {
    link: ["linkat", "-", "secret-file", "-", "harmless"],
    symlink: ["symlinkat", "secret-file", "-", "harmless"],
    rename: ["renameat2", "-", "secret-file", "-", "harmless", "0"],
  } as const;
  for (const [way, args] of Object.entries(ways)) {
    evasion(21, `the ${way} that gives it is told, with both names`, [`exit_${args[0]}`], scene, async () => {
      rmSync(other, { force: true });
      writeFileSync(secret, "");
      const { pid } = watch.run(join(watch.folder, "changes"), [...args], { cwd: watch.folder });
      await watch.first("change", ({ task }) => task.pid === pid);
      const event = eventsOf(watch).find((one) => one.class === "file" && one.pid === pid);
      assert.ok(event?.class === "file");
      const told = way === "symlink" ? [other, "secret-file"] : [secret, other];
      assert.deepEqual([event.activity, event.path, event.other_path, event.error], [way, ...told, 0]);
    });
  }
});
