import assert from "node:assert/strict";
import { mkdirSync, rmSync, writeFileSync } from "node:fs";
import { programPlans } from "../../../collector/src/kernel/programs.ts";
import type { Check } from "./check.ts";
import { type EventOf, runProgram } from "./guest-watch.ts";

type Activity = NonNullable<EventOf<"file">["activity"]>;
type Case = [call: string, args: string[], told: [activity: Activity, path: string, other: string | null]];

const folder = "/root/changes";
const changes = "/guest/changes";
const watched = `${folder}/changed-file`;
const below = "/tmp/written/folder";

/** The call, its arguments, and what is told. */
const cases: readonly Case[] = [
  ["renameat2", ["-", "changed-file", "-", "other", "0"], ["rename", watched, `${folder}/other`]],
  ["renameat", ["-", "other", "-", "changed-file"], ["rename", `${folder}/other`, watched]],
  ["linkat", [".", "changed-file", "-", "./deep/../link"], ["link", watched, `${folder}/link`]],
  ["symlinkat", ["../changed-file", "-", "soft"], ["symlink", `${folder}/soft`, "../changed-file"]],
  ["fchmod", ["changed-file", "04755"], ["chmod", watched, null]],
  ["fchmodat", ["-", "changed-file", "0600"], ["chmod", watched, null]],
  ["fchmodat2", ["-", "changed-file", "0600"], ["chmod", watched, null]],
  ["unlinkat", ["-", "changed-file", "0"], ["unlink", watched, null]],
  ["unlinkat", ["-", below, "0x200"], ["rmdir", below, null]],
  ["mkdirat", ["-", "/tmp/written/../written/new", "0700"], ["mkdir", "/tmp/written/new", null]],
  ["rename", ["changed-file", "other"], ["rename", watched, `${folder}/other`]],
  ["link", ["changed-file", "link"], ["link", watched, `${folder}/link`]],
  ["symlink", ["../changed-file", "soft"], ["symlink", `${folder}/soft`, "../changed-file"]],
  ["unlink", ["changed-file"], ["unlink", watched, null]],
  ["mkdir", ["/tmp/written/new", "0700"], ["mkdir", "/tmp/written/new", null]],
  ["rmdir", [below], ["rmdir", below, null]],
  ["chmod", ["changed-file", "02755"], ["chmod", watched, null]],
];

/** A fresh place: what is watched is there, and what the calls make is not. */
function lay(): void {
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(`${folder}/deep`, { recursive: true });
  rmSync("/tmp/written/new", { recursive: true, force: true });
  mkdirSync(below, { recursive: true });
  writeFileSync(watched, "");
  writeFileSync(`${folder}/other`, "");
}

export const changeChecks: readonly Check[] = [
  ...cases
    .filter(([call]) => programPlans.some(({ program }) => program === `exit_${call}`)) // a younger kernel's, or amd64's alone
    .map(
      ([call, args, told]): Check => ({
        name: `${told[0]} by ${call}, of a watched name or below a watched folder`,
        needs: [`exit_${call}`],
        async run(watch) {
          lay();
          const { pid, status, stderr } = runProgram(changes, [call, ...args], { cwd: folder });
          assert.equal(status, 0, stderr);
          const event = await watch.first("file", told[0], (one) => one.pid === pid);
          assert.deepEqual([event.path, event.other_path, event.error], [...told.slice(1), 0]);
        },
      }),
    ),
  {
    name: "chattr of a watched name, with the flags and how it went",
    needs: ["exit_ioctl"],
    async run(watch) {
      lay();
      const { pid, status } = runProgram(changes, ["chattr", "changed-file", "0x80"], { cwd: folder });
      const event = await watch.first("file", "chattr", (one) => one.pid === pid);
      // Before Linux 6.0 no file system of the guest has such flags: a call that is refused is told, too.
      assert.deepEqual([event.path, event.change_flags, event.error], [watched, 0x80, status === 0 ? 0 : -25]);
    },
  },
  {
    name: "a change of a name that nobody watches is not told",
    needs: ["exit_unlinkat"],
    async run(watch) {
      const { pid } = runProgram(changes, ["unlinkat", "-", "absent", "0"], { cwd: "/root" });
      await watch.gone(pid);
      assert.deepEqual(
        watch.all((one) => one.class === "file" && one.pid === pid),
        [],
      );
    },
  },
];
