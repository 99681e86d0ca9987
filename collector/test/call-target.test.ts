import assert from "node:assert/strict";
import { test } from "node:test";
import { targetObjectOf, targetOf } from "../src/call-target.ts";
import type { RareCall } from "../src/rare-calls.ts";
import { call as callOf, task } from "./hand-made-records.ts";

const marker = "M4rk3rS3cr3tV4lue";
const withText = (call: RareCall, text: string) => targetOf(callOf(task({ pid: 7 }), call, text));

for (const call of ["mount", "umount", "move_mount", "pivot_root", "chroot", "memfd_create"] as const) {
  test(`what ${call} was about is told without the secrets of its text`, () => {
    const said = withText(call, `/mnt/share,username=bob,password=${marker},vers=3`) ?? "";
    assert.ok(said?.startsWith("/mnt/share,username=bob,password="), said);
    assert.ok(!said.includes(marker));
    assert.ok(!withText(call, `/mnt/https://bob:${marker}@example.com/x`)?.includes(marker));
    assert.equal(withText(call, "/var/lib/kubelet/pods/1/volumes/data"), "/var/lib/kubelet/pods/1/volumes/data");
  });
}

test("what fsconfig and mount_setattr set is told in words, without secrets", () => {
  const of = (call: RareCall, value: Parameters<typeof targetObjectOf>[0] | object) =>
    targetObjectOf({ ...callOf(task({ pid: 7 }), call, "/mnt"), ...value });
  const changed = (set: number, clear: number, propagation: number) =>
    of("mount_setattr", { mountChange: { set, clear, propagation } });
  assert.equal(of("fsconfig", {}), undefined);
  assert.equal(of("fsconfig", { source: "/dev/sda1" }), "/dev/sda1");
  assert.ok(!of("fsconfig", { source: `https://bob:${marker}@example.com/x` })?.includes(marker));
  for (const source of [`//bob:${marker}@files/share`, `//bob%${marker}@files/share`, `bob:${marker}@files:/share`])
    assert.equal(of("fsconfig", { source }), source.replace(marker, "<redacted>"));
  for (const source of [
    "files:/share",
    "//files/share",
    "10.0.0.1:6789,10.0.0.2:6789:/",
    "[fd00::1]:/share",
    "pool/data@yesterday",
  ])
    assert.equal(of("fsconfig", { source }), source);
  assert.equal(changed(0x9, 0, 0), "set=MOUNT_ATTR_RDONLY|MOUNT_ATTR_NOEXEC");
  assert.equal(changed(0x10, 0x70, 0), "set=MOUNT_ATTR_NOATIME clear=MOUNT_ATTR__ATIME");
  assert.equal(changed(0x40000100000, 0, 0x100000), "set=MOUNT_ATTR_IDMAP|4398046511104 propagation=MS_SHARED");
  assert.equal(changed(0, 0, 3), "propagation=3");
  assert.equal(changed(0, 0, 0), "");
});
