import assert from "node:assert/strict";
import { test } from "node:test";
import { targetOf } from "../src/call-target.ts";
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
