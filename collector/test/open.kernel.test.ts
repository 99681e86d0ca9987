import assert from "node:assert/strict";
import { chmodSync, mkdirSync, statSync, symlinkSync, writeFileSync } from "node:fs";
import { after, before, describe, test } from "node:test";
import { emptyFilterPlan } from "@atalaya/wire";
import { skipUnless } from "../../tools/testing/needs.ts";
import { KernelWatch } from "./kernel-watch.ts";

const longName = "n".repeat(200);
/** Lengths on both sides of what the kernel keeps within a dentry (40 and 32 bytes), and of the eight bytes looked at first. */
const namesOfEachLength = Array.from(
  { length: 60 },
  (_, i) => `${"é".repeat(i % 3)}${"watched-name-".repeat(5).slice(0, i + 1)}`,
);

describe("opened files", { skip: skipUnless("kernel") }, () => {
  let watch: KernelWatch;
  let secret: string;
  before(async () => {
    watch = await KernelWatch.open();
    watch.source.setFilterPlan({
      ...emptyFilterPlan,
      version: 1,
      open_names: ["secret-file", "secret-folder", "ld.so.preload-test", longName, ...namesOfEachLength],
      write_prefixes: [`${watch.folder}/written/`],
      exec_names: [],
      dns_domains: [],
      calls: [],
      socket_names: [],
    });
    secret = `${watch.folder}/secret-file`;
    writeFileSync(secret, "x");
  });
  after(() => watch.close());

  for (const call of ["open", "openat", "openat2", "creat", "handle"]) {
    test(`a watched name is seen through ${call}`, async () => {
      const { pid, status } = watch.act("opens", call, "1", secret);
      assert.equal(status, 0);
      const open = await watch.first("open", (record) => record.task.pid === pid);
      assert.deepEqual([open.path, open.error, open.pathTrusted, open.created], [secret, 0, true, false]);
      const file = statSync(secret);
      assert.deepEqual([open.inode, open.device], [file.ino, file.dev]);
    });
  }

  test("through a symbolic link and a relative path, the real path is reported", async () => {
    symlinkSync(secret, `${watch.folder}/harmless`);
    const { pid } = watch.run(watch.acts, ["opens", "openat", "1", "../harmless"], { cwd: watch.makeFolder("deep") });
    const open = await watch.first("open", (record) => record.task.pid === pid);
    assert.equal(open.path, secret);
  });

  test("a file below a watched folder is seen", async () => {
    mkdirSync(`${watch.folder}/secret-folder/a/b`, { recursive: true });
    writeFileSync(`${watch.folder}/secret-folder/a/b/file`, "");
    const { pid } = watch.act("opens", "openat", "1", `${watch.folder}/secret-folder/a/b/file`);
    const open = await watch.first("open", (record) => record.task.pid === pid);
    assert.equal(open.path, `${watch.folder}/secret-folder/a/b/file`);
  });

  test("a watched name of 200 bytes is seen, another of that length is not", async () => {
    writeFileSync(`${watch.folder}/${longName}`, "");
    const other = `m${longName.slice(1)}`;
    writeFileSync(`${watch.folder}/${other}`, "");
    const quiet = watch.act("opens", "openat", "1", `${watch.folder}/${other}`);
    const { pid } = watch.act("opens", "openat", "1", `${watch.folder}/${longName}`);
    await watch.first("open", (record) => record.task.pid === pid);
    assert.equal(watch.of("open", (record) => record.task.pid === quiet.pid).length, 0);
  });

  test("of watched names of 1 to 64 bytes none is let go by mistake, as a file or as a folder", async () => {
    const pids = new Map<string, number>();
    for (const name of namesOfEachLength) {
      const folder = watch.makeFolder(`folders/${name}`);
      for (const path of [`${watch.folder}/${name}`, `${folder}/x`]) {
        writeFileSync(path, "");
        pids.set(path, watch.act("opens", "openat", "1", path).pid);
      }
    }
    for (const [path, pid] of pids) {
      const open = await watch.first("open", (record) => record.task.pid === pid);
      assert.equal(open.path, path);
    }
  });

  test("an unwatched name stays in the kernel, counted", async () => {
    const before = watch.count("open", "filtered");
    const { pid } = watch.act("opens", "openat", "50", "/etc/passwd");
    await watch.first("exit", (record) => record.task.pid === pid);
    assert.equal(watch.of("open", (record) => record.task.pid === pid).length, 0);
    assert.ok(watch.count("open", "filtered") >= before + 50);
  });

  test("a write below a watched prefix is seen with its flags, a read is not", async () => {
    const path = `${watch.makeFolder("written")}/file`;
    const { pid } = watch.act("opens", "openat2", "1", path);
    const open = await watch.first("open", (record) => record.task.pid === pid);
    assert.deepEqual([open.path, open.created], [path, true]);
    assert.equal(open.openFlags & 0o100, 0o100);
    assert.equal(open.openFlags & 3, 2);
    const reader = watch.act("opens", "openat", "1", path);
    await watch.first("exit", (record) => record.task.pid === reader.pid);
    assert.equal(watch.of("open", (record) => record.task.pid === reader.pid).length, 0);
  });

  test("a file that an open makes is told with the mode that it got, O_TMPFILE's too", async () => {
    const folder = watch.makeFolder("written");
    const script = `process.umask(0o027);
      fs.openSync("made", "w", 0o755);
      fs.openSync("made", "w", 0o777);
      fs.openSync(".", fs.constants.O_RDWR | ${0o20200000}, 0o711);`;
    const { pid } = watch.run(process.execPath, ["-e", script], { cwd: folder });
    await watch.first("exit", (record) => record.task.pid === pid);
    const opens = watch.of("open", (record) => record.task.pid === pid && record.path.startsWith(folder));
    assert.deepEqual(
      opens.map(({ created, fileMode }) => [created, fileMode]),
      [
        [true, 0o750],
        [false, 0o750],
        [true, 0o710],
      ],
    );
  });

  test("a refused open of a watched name is reported, with a path that is not to be trusted", async () => {
    const folder = watch.makeFolder("closed");
    chmodSync(watch.folder, 0o755);
    writeFileSync(`${folder}/ld.so.preload-test`, "", { mode: 0o600 });
    const path = `${folder}/ld.so.preload-test`;
    const { pid, status } = watch.run(watch.acts, ["opens", "openat2", "1", path], { uid: 65534 });
    assert.equal(status, 13);
    const refused = await watch.first("open_failed", (record) => record.task.pid === pid);
    assert.deepEqual([refused.path, refused.error, refused.pathTrusted], [path, -13, false]);
    assert.equal(refused.openFlags & 0o102, 0o102);
  });

  test("of a relative path that was refused, the directory it starts from is put before it", async () => {
    const cwd = watch.makeFolder("somewhere");
    const { pid } = watch.run(watch.acts, ["opens", "openat", "1", "x/secret-file"], { cwd });
    const refused = await watch.first("open_failed", (record) => record.task.pid === pid);
    assert.deepEqual([refused.path, refused.error], [`${cwd}/x/secret-file`, -2]);
  });

  test("a refused open of any other name stays in the kernel", async () => {
    const { pid } = watch.act("opens", "openat", "1", `${watch.folder}/nothing-here`);
    await watch.first("exit", (record) => record.task.pid === pid);
    assert.equal(watch.of("open_failed", (record) => record.task.pid === pid).length, 0);
  });

  test("a new plan takes the place of the old one", async () => {
    watch.source.setFilterPlan({
      ...emptyFilterPlan,
      version: 2,
      open_names: ["passwd"],
      write_prefixes: [],
      exec_names: [],
      dns_domains: [],
      calls: [],
      socket_names: [],
    });
    const old = watch.act("opens", "openat", "1", secret);
    const { pid } = watch.act("opens", "openat", "1", "/etc/passwd");
    const open = await watch.first("open", (record) => record.task.pid === pid);
    assert.equal(open.path, "/etc/passwd");
    assert.equal(watch.of("open", (record) => record.task.pid === old.pid).length, 0);
  });

  test("every counter balances", () => {
    for (const name of ["exec", "exec_failed", "fork", "exit", "open", "open_failed"]) {
      const slot = new Map(
        watch.source
          .counters()
          .filter((one) => one.class === name)
          .map((one) => [one.reason, one.value]),
      );
      const sum = ["submitted", "ring_full", "filtered", "scratch_busy"].reduce(
        (all, one) => all + (slot.get(one) ?? 0),
        0,
      );
      // Processors go on counting while we read: a few events may stand between two reads.
      const attempted = slot.get("attempted") ?? 0;
      assert.ok(Math.abs(attempted - sum) <= 8, `${name}: ${attempted} attempted, ${sum} accounted for`);
    }
    assert.equal(watch.undecodable, 0);
  });
});
