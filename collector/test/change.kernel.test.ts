import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { mkdirSync, rmSync, writeFileSync } from "node:fs";
import { availableParallelism } from "node:os";
import { join } from "node:path";
import { after, before, beforeEach, describe, test } from "node:test";
import { skipUnless } from "../../tools/testing/needs.ts";
import { fileChanges } from "../src/file-changes.ts";
import type { ChangeRecord } from "../src/kernel-record.ts";
import { countedParts, KernelWatch, root } from "./kernel-watch.ts";

const all = { calls: [...fileChanges] };
const hasOldCalls = process.arch === "x64";

describe("changes of names and modes", { skip: skipUnless("kernel") }, () => {
  let watch: KernelWatch;
  let program: string;
  let at: string;
  before(async () => {
    watch = await KernelWatch.open(all);
    program = join(watch.folder, "changes");
    const source = join(root, "collector", "test", "programs", "changes.c");
    execFileSync("gcc", ["-O2", "-Wall", "-Werror", "-D_GNU_SOURCE", "-static", source, "-o", program]);
  });
  after(() => watch.close());
  beforeEach(() => {
    at = join(watch.folder, "at");
    rmSync(at, { recursive: true, force: true });
    mkdirSync(join(at, "sub"), { recursive: true });
    writeFileSync(join(at, "a"), "");
  });

  /** What a call in the folder `at` is told as, which is in the ring before the end of its process is. */
  async function made(...args: string[]): Promise<{ told: ChangeRecord[]; status: number | null }> {
    const { pid, status } = watch.run(program, args, { cwd: at });
    await watch.first("exit", (record) => record.task.pid === pid);
    return { told: watch.of("change", (record) => record.task.pid === pid), status };
  }
  const short = (path: string | undefined) => path?.replace(at, "AT");
  const summary = (one: ChangeRecord) => [one.change, short(one.path), short(one.otherPath)];

  const cases: [args: string[], ...expected: (string | undefined)[]][] = [
    [["renameat", "-", "a", "-", "b"], "rename", "AT/a", "AT/b"],
    [["renameat", ".", "a", "sub", "b"], "rename", "AT/a", "AT/sub/b"],
    [["renameat2", "-", "../at/a", "-", "./sub//../b", "1"], "rename", "AT/a", "AT/b"],
    [["linkat", "-", "a", "-", "sub/b"], "link", "AT/a", "AT/sub/b"],
    [["symlinkat", "../etc/shadow", "sub", "b"], "symlink", "AT/sub/b", "../etc/shadow"],
    [["symlinkat", "/etc/shadow", "-", "b"], "symlink", "AT/b", "/etc/shadow"],
    [["unlinkat", "-", "a", "0"], "unlink", "AT/a", undefined],
    [["unlinkat", "-", "sub", "0x200"], "rmdir", "AT/sub", undefined],
    [["mkdirat", "-", "new/", "0700"], "mkdir", "AT/new", undefined],
    [["fchmod", "a", "04755"], "chmod", "AT/a", undefined],
    [["fchmodat", "-", "a", "0600"], "chmod", "AT/a", undefined],
    [["fchmodat2", "-", "a", "0600"], "chmod", "AT/a", undefined],
    ...((hasOldCalls
      ? [
          [["rename", "a", "b"], "rename", "AT/a", "AT/b"],
          [["link", "a", "b"], "link", "AT/a", "AT/b"],
          [["symlink", "/etc/shadow", "b"], "symlink", "AT/b", "/etc/shadow"],
          [["unlink", "a"], "unlink", "AT/a", undefined],
          [["mkdir", "b", "0755"], "mkdir", "AT/b", undefined],
          [["rmdir", "sub"], "rmdir", "AT/sub", undefined],
          [["chmod", "a", "02755"], "chmod", "AT/a", undefined],
        ]
      : []) as [string[], ...string[]][]),
  ];
  for (const [args, ...expected] of cases) {
    test(`${args.join(" ")} is told once, with its paths`, async () => {
      const { told } = await made(...args);
      assert.deepEqual(told.map(summary), [expected]);
    });
  }

  test("mode, flags, and by a descriptor the file itself are told", async () => {
    const [chmod] = (await made("fchmod", "a", "04755")).told;
    assert.deepEqual([chmod?.mode, chmod?.pathTrusted, chmod?.error], [0o4755, true, 0]);
    assert.ok((chmod?.inode ?? 0) > 0);
    const [made755] = (await made("mkdirat", "-", "new", "0755")).told;
    assert.deepEqual([made755?.mode, made755?.pathTrusted, made755?.inode], [0o755, false, 0]);
    const [swap] = (await made("renameat2", "-", "a", "-", "sub", "2")).told;
    assert.deepEqual([swap?.changeFlags, swap?.mode], [2, undefined]);
    const [immutable] = (await made("chattr", "a", "0x10")).told;
    const [plain] = (await made("chattr", "a", "0")).told;
    assert.deepEqual([immutable?.change, immutable?.changeFlags, plain?.changeFlags], ["chattr", 0x10, 0]);
  });

  test("a change that was refused is told with its error", async () => {
    const { told, status } = await made("unlinkat", "-", "absent", "0");
    assert.equal(status, 1);
    assert.deepEqual(
      told.map((one) => [...summary(one), one.error]),
      [["unlink", "AT/absent", undefined, -2]],
    );
  });

  test("of listed changes those of a watched name, end or start are told alone, either path", async () => {
    const names = { change_names: ["shadow"], change_suffixes: ["_history"], change_prefixes: ["/opt/bin/"] };
    watch.setPlan({ listed_changes: ["rename", "unlink", "symlink", "mkdir"], ...names });
    const told = async (...args: string[]) => (await made(...args)).told.length;
    assert.equal(await told("unlinkat", "-", "a", "0"), 0);
    assert.equal(await told("unlinkat", "-", "shadow", "0"), 1);
    assert.equal(await told("unlinkat", "-", ".bash_history", "0"), 1);
    assert.equal(await told("unlinkat", "-", ".bash_history2", "0"), 0);
    assert.equal(await told("renameat", "-", "a", "-", "shadow"), 1);
    assert.equal(await told("symlinkat", "/etc/shadow", "-", "harmless"), 1);
    assert.equal(await told("symlinkat", "/etc/hosts", "-", "harmless2"), 0);
    assert.equal(await told("mkdirat", "-", "/opt/bin/absent/x", "0755"), 1);
    assert.equal(await told("mkdirat", "-", "/opt/bi/absent/x", "0755"), 0);
    assert.equal(
      await told("mkdirat", "-", "/opt/../opt/bin/absent/x", "0755"),
      1,
      "a path with steps back is looked at",
    );
    assert.equal(await told("mkdirat", "/", "opt/bin/absent/x", "0755"), 1, "a folder that is the root");
    assert.equal(await told("linkat", "-", "shadow", "-", "b"), 0, "nobody asks for links");
    watch.setPlan(all);
  });

  test("a chmod that gives set-user-id can be asked for alone", async () => {
    watch.setPlan({ calls: ["chmod_setid"] });
    assert.equal((await made("fchmodat", "-", "a", "0755")).told.length, 0);
    assert.equal((await made("fchmodat", "-", "a", "04755")).told.length, 1);
    assert.equal((await made("fchmod", "a", "02755")).told.length, 1);
    watch.setPlan(all);
  });

  test("all changes are accounted for", () => {
    // Others change names, too, while this is read: each processor may have one that is not yet decided.
    const atFirst = watch.count("change", "attempted") - availableParallelism();
    const sum = countedParts.reduce((total, part) => total + watch.count("change", part), 0);
    assert.ok(atFirst <= sum && sum <= watch.count("change", "attempted"));
    assert.equal(watch.undecodable, 0);
  });
});
