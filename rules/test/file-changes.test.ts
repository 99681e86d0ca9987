import assert from "node:assert/strict";
import { test } from "node:test";
import { blankEvent, type FileEvent } from "@atalaya/wire";
import { letsThrough } from "../index.ts";
import { exec, holds, load, open, ruleText } from "./sample-events.ts";

const change = (activity: FileEvent["activity"], path: string, over: Partial<FileEvent> = {}): FileEvent => ({
  ...blankEvent("file"),
  ...{ time_us: 1_764_000_000_000_000, pid: 42, uid: 33, name: "sh", container_id: "9a4f6f1d0c5e" },
  ...{ activity, path, error: 0, path_trusted: false, ...over },
});
const renamed = change("rename", "/root/.bash_history", { other_path: "/tmp/x" });
const linked = change("link", "/etc/shadow", { other_path: "/tmp/s" });
const pointed = change("symlink", "/tmp/s", { other_path: "../etc/shadow" });
const removed = change("unlink", "/root/.bash_history");
const setuid = change("chmod", "/tmp/sh", { mode: 0o4755 });

const cases: [condition: string, event: FileEvent, expected: boolean][] = [
  // As Falco's own rules put it.
  ["evt.type in (rename, renameat, renameat2) and evt.arg.oldpath endswith ash_history", renamed, true],
  ["evt.type in (rmdir, unlink, unlinkat) and evt.arg.path endswith ash_history", removed, true],
  ["evt.type in (rmdir, unlink, unlinkat) and evt.arg.name endswith ash_history", removed, true],
  ["evt.type in (rmdir, unlink, unlinkat) and evt.arg.oldpath exists", removed, false],
  ["evt.type in (symlink, symlinkat) and evt.arg.target in (/etc/shadow)", pointed, false],
  ["evt.type in (symlink, symlinkat) and evt.arg.target endswith etc/shadow", pointed, true],
  ["evt.type in (link, linkat) and evt.arg.oldpath in (/etc/shadow, /etc)", linked, true],
  ["evt.type in (mkdir, mkdirat) and evt.arg.path startswith /bin/", change("mkdir", "/bin/x", { mode: 0o755 }), true],
  ["evt.type in (chmod, fchmod, fchmodat) and evt.arg.mode contains S_ISUID", setuid, true],
  ["evt.type in (chmod, fchmod, fchmodat) and evt.arg.mode contains S_ISGID", setuid, false],
  ["evt.type = chmod and evt.arg.filename = /tmp/sh", setuid, true],
  ["evt.type = unlinkat", change("rmdir", "/tmp/x"), true],
  ["evt.type = chattr and evt.arg.flags contains IMMUTABLE", change("chattr", "/x", { change_flags: 0x10 }), true],
  // One field for all calls: of links what comes to be is the source.
  ["fs.path.source = /root/.bash_history and fs.path.target = /tmp/x", renamed, true],
  ["fs.path.source = /tmp/s and fs.path.target = /etc/shadow", linked, true],
  ["fs.path.source = /tmp/s and fs.path.target = /etc/shadow and evt.type = symlink", pointed, true],
  ["fs.path.name = /root/.bash_history", removed, true],
  ["evt.type = unlink and fs.path.name = /root/.bash_history", removed, true],
  ["evt.type = unlink and fs.path.name exists", change("unlink", "/absent", { error: -2 }), false],
  ["evt.type = unlink and evt.res = ENOENT and evt.failed = true", change("unlink", "/absent", { error: -2 }), true],
  // There is no descriptor where a path was given.
  ["evt.type = unlink and fd.name exists", removed, false],
  ["evt.type = fchmod and fd.name = /tmp/sh", { ...setuid, path_trusted: true }, true],
];
for (const [condition, event, expected] of cases) {
  test(`${condition} is ${expected} for ${event.activity} of ${event.path}`, () => {
    assert.equal(holds(condition, event), expected);
  });
}

test("other events have none of their fields, and an open's path is where it was", () => {
  const none = "evt.arg.path exists or evt.arg.oldpath exists or evt.arg.target exists or evt.arg.mode exists";
  for (const event of [exec(), open()]) assert.ok(!holds(`${none} or fs.path.source exists`, event));
  assert.ok(holds("fs.path.name = /etc/shadow and fd.name = /etc/shadow", open({ path: "/etc/shadow" })));
});

const planOf = (condition: string) => load(ruleText(condition)).filterPlan();

test("the plan lists names, ends and starts, and the changes that they are of", () => {
  const plan = planOf(
    "(evt.type = unlink and evt.arg.path endswith _history) or (evt.type = mkdir and evt.arg.path startswith /bin/) or (evt.type = symlink and evt.arg.target in (/etc/shadow, /etc/, /))",
  );
  assert.deepEqual(plan.listed_changes, ["mkdir", "symlink", "unlink"]);
  assert.deepEqual(plan.change_names, ["shadow"]);
  assert.deepEqual(plan.change_suffixes, ["_history"]);
  assert.deepEqual(plan.change_prefixes, ["/bin/"]);
  assert.deepEqual(plan.calls, []);
  assert.ok(letsThrough(plan, removed) && !letsThrough(plan, change("unlink", "/tmp/x")));
  assert.ok(letsThrough(plan, change("symlink", "/tmp/x", { other_path: "/etc/" })));
});

test("a change that no list can tell is asked for as a whole, but for one that gives set-user-id", () => {
  assert.deepEqual(planOf("evt.type in (chmod) and evt.arg.mode contains S_ISUID").calls, ["chmod_setid"]);
  assert.deepEqual(planOf("evt.type in (chmod) and evt.arg.mode contains S_IXUSR").calls, ["chmod"]);
  assert.deepEqual(planOf("evt.type = rename and proc.name = x").calls, ["rename"]);
  assert.deepEqual(planOf("evt.type = rename and basename(evt.arg.oldpath) in (a, b)").change_names, ["a", "b"]);
  // A field that the change never has asks for nothing of it.
  assert.deepEqual(planOf("evt.type in (rename, unlink) and evt.arg.newpath contains '/.'").calls, ["rename"]);
  // Two names of one change do not exclude each other.
  const both = planOf("evt.type = rename and evt.arg.oldpath endswith /a and evt.arg.newpath endswith /b");
  assert.ok(letsThrough(both, change("rename", "/x/a", { other_path: "/y/b" })));
});

test("what only changes have asks for no opens, and one field for all paths lists both", () => {
  assert.deepEqual(planOf("evt.arg.oldpath endswith /a").open_prefixes, []);
  const plan = planOf("fs.path.name endswith /a");
  assert.deepEqual([plan.open_prefixes, plan.open_names, plan.change_names], [[], ["a"], ["a"]]);
  assert.deepEqual(plan.listed_changes, ["chattr", "chmod", "mkdir", "rmdir", "unlink"]);
});

test("a rule that names no call asks for no change, whatever it says of files", () => {
  const plan = planOf("container.id != host and proc.name = x");
  assert.deepEqual([plan.listed_changes, plan.change_names], [[], []]);
  assert.ok(!plan.calls.includes("rename"));
  assert.ok(!holds("container.id != host and proc.name = sh", removed));
});
