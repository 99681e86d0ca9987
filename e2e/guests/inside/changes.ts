import assert from "node:assert/strict";
import { mkdirSync, writeFileSync } from "node:fs";
import type { Check } from "./check.ts";
import { type EventOf, runProgram } from "./guest-watch.ts";

type Activity = NonNullable<EventOf<"file">["activity"]>;
const folder = "/root/changes";
const changes = "/guest/changes";
const watched = `${folder}/changed-file`;

/** The call, its arguments, what is told, and the program that tells it. */
const cases: [call: string, args: string[], told: [activity: Activity, path: string, other: string | null]][] = [
  ["renameat2", ["-", "changed-file", "-", "other", "0"], ["rename", watched, `${folder}/other`]],
  ["linkat", [".", "changed-file", "-", "./deep/../link"], ["link", watched, `${folder}/link`]],
  ["symlinkat", ["../changed-file", "-", "soft"], ["symlink", `${folder}/soft`, "../changed-file"]],
  ["fchmod", ["changed-file", "04755"], ["chmod", watched, null]],
  ["fchmodat", ["-", "changed-file", "0600"], ["chmod", watched, null]],
  ["unlinkat", ["-", "changed-file", "0"], ["unlink", watched, null]],
  ["mkdirat", ["-", "/tmp/written/../written/folder", "0700"], ["mkdir", "/tmp/written/folder", null]],
];

export const changeChecks: readonly Check[] = cases.map(([call, args, told]) => ({
  name: `${told[0]} by ${call}, of a watched name or below a watched folder; of no other`,
  needs: [`exit_${call}`],
  async run(watch) {
    mkdirSync(`${folder}/deep`, { recursive: true });
    mkdirSync("/tmp/written", { recursive: true });
    writeFileSync(watched, "");
    const { pid } = runProgram(changes, [call, ...args], { cwd: folder });
    const event = await watch.first("file", told[0], (one) => one.pid === pid);
    assert.deepEqual([event.activity, event.path, event.other_path, event.error], [...told, 0]);
    const other = runProgram(changes, ["unlinkat", "-", "absent", "0"], { cwd: folder });
    await watch.gone(other.pid);
    assert.deepEqual(
      watch.all((one) => one.class === "file" && one.pid === other.pid),
      [],
    );
  },
}));
