import assert from "node:assert/strict";
import { execFileSync, spawn } from "node:child_process";
import { statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { skipUnless } from "../../tools/testing/needs.ts";
import { loadAddon } from "../src/kernel/addon.ts";
import { u32 } from "../src/kernel/filter-keys.ts";
import { mapShapes } from "../src/kernel/map-shapes.ts";
import { KernelWatch, objectFolder, root } from "./kernel-watch.ts";
import { OwnGroups, ownGroupIds } from "./own-groups.ts";

// A plan that asks of containers alone. The control group of this process is the host's or a container's, as each test says;
// of a process that is in the host's, nothing is to come unless it may have left a container.

describe("who may have left a container", { skip: skipUnless("kernel") }, () => {
  let watch: KernelWatch;
  let groups: OwnGroups;
  let opener: string;
  let intoGroup: string;
  let subject: string;
  let home: ReturnType<typeof ownGroupIds>;
  /** The same that the watch has. */
  const addon = loadAddon(objectFolder);
  before(async () => {
    watch = await KernelWatch.open({ open_names: ["subject"], containers_only: ["file.open"] });
    groups = new OwnGroups("strays", 2);
    [opener, intoGroup] = ["sample-calls", "into-group"].map((name) => {
      const source = join(root, "collector", "test", "programs", `${name}.c`);
      const program = join(watch.folder, name);
      execFileSync("gcc", ["-O2", "-Wall", "-Werror", "-D_GNU_SOURCE", "-static", source, "-o", program]);
      return program;
    }) as [string, string];
    subject = join(watch.folder, "subject");
    writeFileSync(subject, "");
    home = ownGroupIds();
  });
  after(() => {
    groups.remove();
    watch.close();
  });

  const idsOf = (folder: string) => ({ ...home, cgroupIdV2: statSync(folder).ino });

  /** How often the file was told to have been opened by what that command line started; it is opened once by each. */
  async function opens(command: readonly string[]): Promise<number> {
    watch.records.length = 0;
    const [program = "", ...args] = command;
    const { pid, status, stderr } = watch.run(program, args, { input: Buffer.from(`r ${subject}\n`) });
    assert.equal(status, 0, stderr);
    await watch.first("exit", (record) => record.task.pid === pid);
    return watch.of("open", (record) => record.path === subject).length;
  }

  const shell = (script: string, ...args: string[]) => ["/bin/sh", "-c", script, ...args];
  const withParent = () => shell('"$0"; exit $?', opener);
  /** First into one group, then into the other, then a child. */
  const moved = (...folders: string[]) =>
    shell(`${folders.map((folder) => `echo $$ > ${folder}/cgroup.procs`).join(" && ")} && "$0"; exit $?`, opener);

  test("who was born in a group of the host is kept back, in one that nobody knows it is not", async () => {
    assert.equal(await opens([opener]), 1);
    assert.equal(watch.source.owners.set(home, "host"), true);
    assert.equal(await opens([opener]), 0);
    assert.equal(await opens(withParent()), 0);
    watch.setPlan({ open_names: ["subject"] });
    assert.equal(await opens([opener]), 1, "where somebody asks for the host's");
    watch.setPlan({ open_names: ["subject"], containers_only: ["file.open"] });
    watch.source.owners.set(home, "container");
    assert.equal(await opens([opener]), 1);
    watch.source.owners.forget(home);
    assert.equal(await opens([opener]), 1);
  });

  test("what a container's process does after it has left for the host, and what is born of it, comes", async () => {
    const [container = "", host = ""] = groups.folders;
    watch.source.owners.set(home, "host");
    watch.source.owners.set(idsOf(container), "container");
    watch.source.owners.set(idsOf(host), "host");
    assert.equal(await opens(moved(container, host)), 1);
    assert.equal(await opens(OwnGroups.within(host, [opener])), 1);
    const inside = `echo $$ > ${container}/cgroup.procs && `;
    const grandchild = `/bin/sh -c 'echo $$ > ${host}/cgroup.procs; (("$0"); exit $?); exit $?' "$0"; exit $?`;
    assert.equal(await opens(shell(inside + grandchild, opener)), 1, "born in the container, moved, two births later");
  });

  test("so does what is born in a group that becomes the host's only afterwards", async () => {
    const [, later = ""] = groups.folders;
    watch.source.owners.forget(idsOf(later));
    const wait = `echo $$ > ${later}/cgroup.procs; (echo born; read go < ${watch.folder}/go; exec "$0"); exit $?`;
    execFileSync("mkfifo", [join(watch.folder, "go")]);
    const letGo = shell(`sleep 0.3; echo go > ${watch.folder}/go`);
    const ended = spawn(letGo[0] ?? "", letGo.slice(1));
    setTimeout(() => watch.source.owners.set(idsOf(later), "host"), 100);
    const child = spawn("/bin/sh", ["-c", wait, opener], { stdio: ["pipe", "ignore", "inherit"] });
    child.stdin.end(`r ${subject}\n`);
    watch.records.length = 0;
    await Promise.all([ended, child].map((one) => new Promise((resolve) => one.once("close", resolve))));
    await watch.first("exit", (record) => record.task.pid === child.pid);
    assert.equal(watch.of("open", (record) => record.path === subject).length, 1);
  });

  test("who is made in another group than its maker's is not taken for born there", async () => {
    const [, host = ""] = groups.folders;
    watch.source.owners.set(home, "container");
    watch.source.owners.set(idsOf(host), "host");
    assert.equal(await opens([intoGroup, host, opener]), 1);
  });

  test("of births in a container none is a stray: only who is moved there is, and who ends is none any more", async () => {
    const [container = ""] = groups.folders;
    watch.source.owners.set(home, "host");
    watch.source.owners.set(idsOf(container), "container");
    const script = `echo $$ > ${container}/cgroup.procs; (sleep 0.3) & (sleep 0.3) & wait`;
    const child = spawn("/bin/sh", ["-c", script], { stdio: "ignore" });
    await watch.first("fork", (record) => record.task.ppid === child.pid && strays().includes(child.pid ?? 0));
    await new Promise((resolve) => child.once("close", resolve));
    const born = watch.of("fork", (record) => record.makerPid === child.pid).map((record) => record.task.pid);
    assert.ok(born.length >= 2);
    await watch.first("exit", (record) => record.task.pid === child.pid);
    assert.deepEqual(
      strays().filter((pid) => pid === child.pid || born.includes(pid)),
      [],
    );
  });

  test("where there is no room for one more, nothing is kept back for its place any more", async () => {
    const [, host = ""] = groups.folders;
    watch.source.owners.set(home, "host");
    assert.equal(await opens([opener]), 0);
    const [, , , most = 0] = mapShapes["strays"] ?? [];
    const nobody = Array.from({ length: most - strays().length }, (_, i) => u32(0x4000_0000 + i));
    const added = addon.mapUpdate("strays", Buffer.concat(nobody), Buffer.alloc(nobody.length * 8));
    assert.equal(added, nobody.length);
    assert.equal(await opens([opener]), 0, "full, and nobody was lost yet");
    assert.equal(watch.source.owners.areStraysLost, false);
    assert.equal(await opens(OwnGroups.within(host, [opener])), 1);
    assert.equal(watch.source.owners.areStraysLost, true);
    assert.equal(await opens([opener]), 1);
  });

  /** Their process ids. */
  function strays(): number[] {
    const keys = addon.mapKeys("strays");
    return Array.from({ length: keys.length / 4 }, (_, i) => keys.readUInt32LE(i * 4));
  }
});
