import assert from "node:assert/strict";
import { mkdirSync, mkdtempSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { after, describe, test } from "node:test";
import { CgroupPaths } from "../src/cgroup-paths.ts";
import { collectorLimits } from "../src/limits.ts";

const root = mkdtempSync(join(tmpdir(), "atalaya-cgroups-"));
after(() => rmSync(root, { recursive: true, force: true }));

function write(path: string, text: string): void {
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, text);
}

describe("cgroup paths", () => {
  test("a scan finds directories of both hierarchies by their inode", () => {
    const mount = join(root, "cgroup");
    write(join(mount, "unified", "cgroup.controllers"), "");
    write(join(mount, "memory", "tasks"), "");
    mkdirSync(join(mount, "unified", "a", "b"), { recursive: true });
    mkdirSync(join(mount, "memory", "c"), { recursive: true });
    const paths = new CgroupPaths(mount);
    assert.equal(paths.scan(), 5);
    assert.equal(paths.get(2, statSync(join(mount, "unified", "a", "b")).ino)?.path, "/a/b");
    assert.equal(paths.get(1, statSync(join(mount, "memory", "c")).ino)?.path, "/c");
    assert.equal(paths.get(1, statSync(join(mount, "memory")).ino)?.path, "/");
    assert.equal(paths.get(1, statSync(join(mount, "unified", "a")).ino)?.path, undefined);
  });

  test("a container that makes many pushes out its own, and nobody else's", () => {
    const paths = new CgroupPaths(join(root, "no-cgroups"));
    const id = "1c".repeat(32);
    const here = (path: string) => ({ path, seenMs: 1, madeBy: null });
    paths.add(2, 1, here("/system.slice/ssh.service"));
    paths.add(2, 2, here(`/docker/${id}`));
    const many = collectorLimits.cgroupPathsMax + 1;
    for (let i = 0; i < many; i++) paths.add(2, 10 + i, here(`/docker/${id}/${i}`));
    assert.deepEqual(
      [1, 2, 10, 9 + many].map((group) => paths.get(2, group)?.path),
      ["/system.slice/ssh.service", `/docker/${id}`, undefined, `/docker/${id}/${many - 1}`],
    );
  });

  test("a record without a version is placed by the directory's own id", () => {
    const mount = join(root, "cgroup2");
    write(join(mount, "cgroup.controllers"), "");
    mkdirSync(join(mount, "a"));
    const paths = new CgroupPaths(mount);
    const id = statSync(join(mount, "a")).ino;
    paths.add(undefined, id, { path: "/a", seenMs: 0, madeBy: null });
    paths.add(undefined, id + 1, { path: "/a", seenMs: 0, madeBy: null });
    assert.equal(paths.get(2, id)?.path, "/a");
    assert.equal(paths.get(2, id + 1), undefined);
  });
});
