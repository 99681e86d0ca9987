import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { linkSync, mkdirSync, rmSync, statSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, beforeEach, describe, test } from "node:test";
import { skipUnless } from "../../../tools/testing/needs.ts";
import { KernelWatch, root } from "../kernel-watch.ts";
import { evasion, eventsOf } from "./evasion.ts";

describe("another name for a watched file", { skip: skipUnless("kernel") }, () => {
  let watch: KernelWatch;
  let secret: string;
  let other: string;
  const plan = {
    listed_changes: ["rename", "link", "symlink"],
    change_names: ["secret-file"],
    open_names: ["secret-file"],
  };
  /** A fresh place, in which every move can be made. */
  const lay = () => {
    for (const folder of ["deep", "full"]) rmSync(join(watch.folder, folder), { recursive: true, force: true });
    mkdirSync(join(watch.folder, "deep/er"), { recursive: true });
    mkdirSync(join(watch.folder, "full"));
    for (let i = 0; i < 600; i++) writeFileSync(join(watch.folder, `full/${i}`), "");
    for (const file of ["harmless", "other-file", "secret-file"]) {
      rmSync(join(watch.folder, file), { force: true });
      if (file !== "harmless") writeFileSync(join(watch.folder, file), "");
    }
  };
  const change = (...args: string[]) =>
    watch.run(
      join(watch.folder, "changes"),
      args.map((arg) => arg.replace(/^AT/, watch.folder)),
      { cwd: watch.folder },
    );
  before(async () => {
    watch = await KernelWatch.open(plan);
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
  evasion(
    21,
    "who opens it by one of many older hard links is told with that name",
    ["exit_openat"],
    scene,
    async () => {
      lay();
      const links = Array.from({ length: 20 }, (_, i) => `${other}-${i}`);
      try {
        watch.setPlan({}); // that they were made is not seen
        for (const link of links) linkSync(secret, link);
        watch.setPlan(plan);
        const [last = ""] = links.slice(-1);
        assert.deepEqual(await opened(last), { path: last, openedAs: undefined, inode: statSync(secret).ino });
      } finally {
        for (const link of links) rmSync(link, { force: true });
      }
    },
  );
  evasion(
    21,
    "who opens it by one of many hard links is told with both names",
    ["exit_link_moved"],
    scene,
    async () => {
      lay();
      const links = Array.from({ length: 20 }, (_, i) => `${other}-${i}`);
      try {
        for (const link of links) linkSync(secret, link);
        const [last = ""] = links.slice(-1);
        assert.deepEqual(await opened(last), { path: secret, openedAs: last, inode: statSync(secret).ino });
      } finally {
        for (const link of links) rmSync(link, { force: true });
      }
    },
  );
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

  /** By which names the program of `changes` can take the watched file elsewhere, and where it is then. */
  const moves: Record<string, { hook: string; args: string[]; now: string }> = {
    "a name beside it": { hook: "renameat2", args: ["-", "secret-file", "-", "harmless", "0"], now: "harmless" },
    "an absolute path, by rename": {
      hook: "rename",
      args: ["AT/secret-file", "AT/deep/er/harmless"],
      now: "deep/er/harmless",
    },
    "a folder by its descriptor": {
      hook: "renameat",
      args: [".", "secret-file", "deep", "er/harmless"],
      now: "deep/er/harmless",
    },
    "a way with steps back": {
      hook: "renameat2",
      args: ["-", "deep/../secret-file", "-", "./deep//er/../harmless", "0"],
      now: "deep/harmless",
    },
    "another file's place, which takes its own": {
      hook: "renameat2",
      args: ["-", "other-file", "-", "secret-file", "2"],
      now: "other-file",
    },
    "a folder with many names": {
      hook: "renameat2",
      args: ["-", "secret-file", "-", "full/harmless", "0"],
      now: "full/harmless",
    },
  };
  for (const [where, { hook, args, now }] of Object.entries(moves)) {
    evasion(
      21,
      `who opens it after it was moved to ${where} is told with both names`,
      [`exit_${hook}_moved`],
      scene,
      async () => {
        lay();
        const { status, stderr } = change(hook, ...args);
        assert.equal(status, 0, stderr);
        const to = join(watch.folder, now);
        assert.deepEqual(await opened(to), { path: secret, openedAs: to, inode: statSync(to).ino });
      },
    );
  }
  evasion(21, "so is who opens it after it was moved twice", ["exit_rename_moved"], scene, async () => {
    lay();
    change("rename", "secret-file", "deep/first");
    change("rename", "deep/first", "deep/second");
    const to = join(watch.folder, "deep/second");
    assert.deepEqual(await opened(to), { path: secret, openedAs: to, inode: statSync(to).ino });
  });
  evasion(21, "so is who opens a hard link whose watched name is gone", ["exit_linkat_moved"], scene, async () => {
    lay();
    change("linkat", "-", "secret-file", "-", "deep/harmless");
    rmSync(secret);
    const to = join(watch.folder, "deep/harmless");
    assert.deepEqual(await opened(to), { path: secret, openedAs: to, inode: statSync(to).ino });
  });
  evasion(21, "so is who opens what lay below a watched start", ["exit_rename_moved"], scene, async () => {
    lay();
    watch.setPlan({ open_prefixes: [`${watch.folder}/deep/er/`] });
    writeFileSync(join(watch.folder, "deep/er/any"), "");
    try {
      change("rename", "deep/er/any", "harmless");
      const told = { path: join(watch.folder, "deep/er/any"), openedAs: other, inode: statSync(other).ino };
      assert.deepEqual(await opened(other), told);
    } finally {
      watch.setPlan(plan);
    }
  });
  /** The opening of a path, by the name that it had. */
  async function openedByAnother(path: string) {
    const { pid } = watch.act("opens", "openat", "1", path);
    const { path: told, inode } = await watch.first(
      "open",
      ({ task, openedAs }) => task.pid === pid && openedAs === path,
    );
    const paths = watch.of("open", ({ task }) => task.pid === pid).map((record) => record.path);
    assert.deepEqual(paths.sort(), [path, told].sort());
    return { path: told, inode };
  }
  evasion(
    21,
    "so is who opens it in another folder, where it keeps its name",
    ["exit_rename_moved"],
    scene,
    async () => {
      lay();
      change("rename", "secret-file", "deep/secret-file");
      change("rename", "deep/secret-file", "deep/er/secret-file");
      const to = join(watch.folder, "deep/er/secret-file");
      assert.deepEqual(await openedByAnother(to), { path: secret, inode: statSync(to).ino });
    },
  );
  evasion(21, "so is who opens a hard link of that name in another folder", ["exit_openat"], scene, async () => {
    lay();
    change("linkat", "-", "secret-file", "-", "deep/secret-file");
    const to = join(watch.folder, "deep/secret-file");
    assert.deepEqual(await openedByAnother(to), { path: secret, inode: statSync(to).ino });
  });
  evasion(21, "more steps back than there are folders lead no further", ["exit_rename_moved"], scene, async () => {
    lay();
    const up = "../".repeat(12);
    change("rename", "secret-file", `/${up}${watch.folder.slice(1)}/deep/harmless`);
    const to = join(watch.folder, "deep/harmless");
    assert.deepEqual(await opened(to), { path: secret, openedAs: to, inode: statSync(to).ino });
  });
  test("a symbolic link among the folders of the old path: it is told as it was written, and not as the kernel's word", async () => {
    lay();
    symlinkSync(watch.folder, join(watch.folder, "deep/way"));
    change("rename", "deep/way/secret-file", "harmless");
    const { pid } = watch.act("opens", "openat", "1", other);
    const record = await watch.first("open", ({ task }) => task.pid === pid);
    const told = { path: join(watch.folder, "deep/way/secret-file"), openedAs: other, pathTrusted: false };
    assert.deepEqual({ path: record.path, openedAs: record.openedAs, pathTrusted: record.pathTrusted }, told);
  });
  test("another file that gets the number of a moved one is not taken for it", async () => {
    lay();
    change("rename", "secret-file", "harmless");
    rmSync(other);
    for (let i = 0; i < 50; i++) {
      const next = join(watch.folder, `deep/next-${i}`);
      writeFileSync(next, "");
      const { pid } = watch.act("opens", "openat", "1", next);
      await watch.first("exit", ({ task }) => task.pid === pid);
      assert.deepEqual(
        watch.of("open", ({ task }) => task.pid === pid),
        [],
      );
    }
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
