import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { answersByItself, mountAt, mountsOf, overlayMountOf } from "../src/overlay-mounts.ts";

const line = (device: string, rest: string) => `36 35 ${device} / / rw,relatime shared:1 - ${rest}`;
const folders = (options: string) => overlayMountOf(line("0:57", `overlay overlay rw,${options}`), 57)?.lowerFolders;

test("the folders of an overlay are read in each way in which kernels and runtimes write them", () => {
  assert.deepEqual(folders("lowerdir=/a:/b,upperdir=/x/up/fs,workdir=/w"), ["/a", "/b"]);
  assert.deepEqual(folders("lowerdir=12/fs:11/fs,upperdir=/snapshots/13/fs,workdir=/w"), [
    "/snapshots/12/fs",
    "/snapshots/11/fs",
  ]);
  assert.deepEqual(folders("lowerdir+=/a,lowerdir+=/b:c,upperdir=/u"), ["/a", "/b:c"]);
  assert.deepEqual(folders("lowerdir=/with\\134:colon:/with\\040space,upperdir=/u"), ["/with:colon", "/with space"]);
});

test("it is the overlay of the device that is asked for, major and minor", () => {
  const text = [line("0:57", "overlay o rw,lowerdir=/a"), line("1:300", "overlay o rw,lowerdir=/b")].join("\n");
  assert.deepEqual(overlayMountOf(text, 57)?.lowerFolders, ["/a"]);
  assert.deepEqual(overlayMountOf(text, (1 << 8) | (300 & 0xff) | ((300 & ~0xff) << 12))?.lowerFolders, ["/b"]);
  assert.equal(overlayMountOf(text, 58), undefined);
  assert.equal(overlayMountOf(line("0:57", "tmpfs none rw"), 57), undefined);
});

test("a mount that another process has to answer for is no place to read through", () => {
  const own = [line("0:57", "overlay o rw"), line("0:5", "proc proc rw"), line("0:6", "tmpfs t rw")].join("\n");
  assert.equal(answersByItself(own), true);
  assert.equal(answersByItself(`${own}\n${line("0:7", "fuse.evil e rw")}`), false);
  assert.equal(answersByItself(`${own}\n${line("0:7", "nfs4 server:/ rw")}`), false);
});

test("a path lies on the longest mount above it, and of two at one place on the later", () => {
  const at = (device: string, point: string, type: string) => `36 35 ${device} / ${point} rw - ${type} none rw`;
  const mounts = mountsOf(
    [
      at("0:57", "/", "overlay"),
      at("0:5", "/data", "ext4"),
      at("1:300", "/data", "xfs"),
      at("0:6", "/a\\040b", "tmpfs"),
      "x",
    ].join("\n"),
  );
  const on = (path: string) => mountAt(mounts, path)?.type;
  assert.deepEqual(["/", "/x", "/data", "/data/x", "/database", "/a b/c"].map(on), [
    "overlay",
    "overlay",
    "xfs",
    "xfs",
    "overlay",
    "tmpfs",
  ]);
  assert.equal(mountAt(mounts, "/data")?.device, (1 << 8) | (300 & 0xff) | ((300 & ~0xff) << 12));
  assert.equal(mountAt([], "/"), undefined);
});

test("no text makes it throw, and folders are absolute", () => {
  fc.assert(
    fc.property(fc.string(), (options) => {
      for (const folder of folders(options) ?? []) assert.ok(folder.startsWith("/"));
    }),
  );
});
