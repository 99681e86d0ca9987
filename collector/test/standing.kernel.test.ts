import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { skipUnless } from "../../tools/testing/needs.ts";
import { KernelWatch } from "./kernel-watch.ts";

/** Their bits (capability.h). */
const [netRaw, sysAdmin] = [2 ** 13, 2 ** 21];

describe("what a started program may do, and its process group", { skip: skipUnless("kernel") }, () => {
  let watch: KernelWatch;
  before(async () => {
    watch = await KernelWatch.open();
  });
  after(() => watch.close());

  const exec = (is: (argv: readonly string[], pid: number) => boolean) =>
    watch.first("exec", ({ argv, task }) => is(argv, task.pid));

  for (const [what, options, expected] of [
    ["is all that its bounding set leaves it", ["--bounding-set", "-all,+net_raw,+sys_admin"], netRaw + sysAdmin],
    ["is nothing for another user", ["--reuid", "65534"], 0],
    [
      "is more than it does now",
      ["--reuid", "65534", "--inh-caps", "-all,+net_raw", "--ambient-caps", "+net_raw"],
      netRaw,
    ],
  ] as const) {
    test(`what it may do ${what}`, async () => {
      const marker = `marker-${what.length}`;
      const { stdout } = watch.run("setpriv", [...options, "grep", "-h", "CapPrm", "/proc/self/status", marker]);
      const { capPermitted } = await exec((argv) => argv[0] === "grep" && argv.includes(marker));
      assert.equal(capPermitted, expected);
      assert.equal(Number.parseInt(stdout.replace("CapPrm:", "").trim(), 16), expected);
    });
  }

  test("it leads its group where its shell works with jobs, and is of its shell's group in a script", async () => {
    const script = (mode: string) =>
      watch.run("setsid", ["-w", "bash", "-c", `${mode}; /bin/echo ${mode.length}; exit 0`]);
    script("set -m");
    const leader = await exec((argv) => argv[0] === "/bin/echo" && argv[1] === "6");
    assert.equal(leader.nsPgid, leader.task.nsPid);
    script("set -e -u");
    const member = await exec((argv) => argv[0] === "/bin/echo" && argv[1] === "9");
    assert.equal(member.nsPgid, member.task.ppid);
  });

  test("in a pid namespace the number is that namespace's, and 0 where the leader is outside", async () => {
    const inside = (...before: string[]) =>
      watch.run("unshare", ["--pid", "--fork", ...before, "/bin/echo", `inside ${before.length}`]);
    inside();
    const member = await exec((argv) => argv[1] === "inside 0" && argv[0] === "/bin/echo");
    assert.deepEqual([member.task.nsPid, member.nsPgid], [1, 0]);
    inside("setsid");
    const leader = await exec((argv) => argv[1] === "inside 1" && argv[0] === "/bin/echo");
    assert.deepEqual([leader.task.nsPid, leader.nsPgid], [1, 1]);
  });
});
