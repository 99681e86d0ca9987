import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { readdirSync, readlinkSync, rmSync } from "node:fs";
import { join } from "node:path";
import { after, afterEach, before, describe, test } from "node:test";
import { emptyFilterPlan, type FilterPlan } from "@atalaya/wire";
import { skipUnless } from "../../tools/testing/needs.ts";
import { buildCollector } from "../build.mjs";
import { openKernel } from "../src/kernel/open-kernel.ts";
import { programPlans } from "../src/kernel/programs.ts";
import type { KernelOptions, OpenedKernel } from "../src/kernel-source.ts";
import { PinPlace } from "./collector-process.ts";
import { everything, objectFolder, root, takeOffAll } from "./kernel-watch.ts";
import { drainAll, leavePinned, otherBuild } from "./left-pinned.ts";

const plan = (asks: Partial<FilterPlan>): FilterPlan => ({ ...emptyFilterPlan, version: 1, ...asks });
const always = programPlans.filter((one) => one.askedBy === undefined).map((one) => one.program);
const nothing = plan({ unasked: ["process.exec_failed", "file.map", "network.connect", "network.send"] });

/** How many links this process holds, pinned or not. */
function linksHeld(): number {
  const targets = readdirSync("/proc/self/fd").map((fd) => {
    try {
      return readlinkSync(`/proc/self/fd/${fd}`);
    } catch {
      return ""; // the folder's own
    }
  });
  return targets.filter((target) => /^anon_inode:\[?bpf.link/.test(target)).length;
}

describe("a program hangs while a rule asks for it", { skip: skipUnless("kernel") }, () => {
  const place = new PinPlace();
  const { folder, pin: pinFolder } = place;
  let source: OpenedKernel;
  before(() => buildCollector({ root, log: () => undefined }));
  afterEach(() => source.unpin());
  after(() => place.remove());

  const open = (options: Pick<KernelOptions, "plan"> = {}): OpenedKernel => {
    source = openKernel({ objectFolder, pinFolder, ignorePids: [process.pid], ...options });
    return source;
  };
  const setPlan = (asks: FilterPlan) => {
    source.setFilterPlan(asks);
    takeOffAll(source);
  };
  const hanging = () => source.programs.filter((one) => one.attached).map((one) => one.name);
  const unasked = () => source.programs.filter((one) => one.unasked).map((one) => one.name);
  /** The pins and the kernel say the same as the states do. */
  const assertInLine = () => {
    const links = readdirSync(join(pinFolder, readdirSync(pinFolder)[0] ?? "", "links"));
    assert.deepEqual(links.sort(), hanging().sort());
    assert.equal(linksHeld(), links.length);
    for (const one of source.programs) assert.ok(one.attached || one.unasked || one.reason !== undefined, one.name);
  };
  const optional = (names: readonly string[]) => names.filter((name) => !always.includes(name));

  test("whoever waits for a plan has all that it can ask for hanging, so that it is in force at once", () => {
    open({ plan: "unknown" });
    assertInLine();
    assert.deepEqual(unasked(), []);
    assert.equal(source.prepare(everything), true, "something is left to load");
    setPlan(nothing);
    assertInLine();
    assert.deepEqual(optional(hanging()), []);
  });

  test("without a rule none of those that can be left out, with one its own, then none again", () => {
    open();
    setPlan(nothing);
    assertInLine();
    assert.deepEqual(optional(hanging()), []);
    const alwaysHanging = hanging();
    const expected: [Partial<FilterPlan>, string[]][] = [
      [{ calls: ["ptrace", "umount"] }, ["exit_ptrace", "exit_umount"]],
      [{ calls: ["chmod_setid"] }, ["exit_chmod", "exit_fchmod", "exit_fchmodat", "exit_fchmodat2"]],
      [{ listed_changes: ["rmdir"], change_names: ["x"] }, ["exit_rmdir", "exit_unlinkat"]],
      [{ dns_domains: ["."] }, ["connect4", "connect6", "dns_egress"]],
      [{ calls: ["connect_failed"] }, ["connect4", "connect6", "connection_ends", "exit_connect_failed"]],
      [{ calls: ["receive"] }, ["recvmsg4", "recvmsg6"]],
      [{ calls: ["listen", "no_such_call"] }, ["sock_listens"]],
      [{ socket_names: ["docker.sock"] }, ["exit_connect"]],
    ];
    for (const [asks, names] of expected) {
      setPlan({ ...nothing, ...asks });
      assertInLine();
      const here = programPlans.map((one) => one.program);
      assert.deepEqual(
        optional(hanging()).sort(),
        names.filter((name) => here.includes(name)),
        JSON.stringify(asks),
      );
      setPlan(nothing);
      assertInLine();
      assert.deepEqual(hanging(), alwaysHanging);
    }
  });

  test("what was asked for is seen from the moment that the plan is set, also the second time", () => {
    open();
    for (let round = 0; round < 2; round++) {
      setPlan(plan({ calls: ["unlink"] }));
      execFileSync("rm", ["-f", join(folder, `no-such-${round}`)]);
      const seen = drainAll(source).filter((one) => one.kind === "change");
      assert.ok(seen.length > 0, `round ${round}`);
      setPlan(nothing);
      execFileSync("rm", ["-f", join(folder, "no-such")]);
      assert.deepEqual(
        drainAll(source).filter((one) => one.kind === "change"),
        [],
      );
    }
  });

  test("what is prepared in steps is loaded and not asked for, until its plan is set", () => {
    open();
    setPlan(nothing);
    let steps = 1;
    while (!source.prepare(everything)) steps += 1;
    assert.ok(steps > 10, `${steps} steps`);
    assertInLine();
    assert.deepEqual(optional(hanging()), []);
    assert.ok(source.programs.every((one) => one.reason === undefined));
    source.setFilterPlan(everything);
    assertInLine();
    assert.deepEqual(unasked(), []);
  });

  test("what an earlier process left hanging is brought in line, more or less, and missing ones of its plan are a gap", async () => {
    await leavePinned(pinFolder, { plan: plan({ calls: ["ptrace", "setns"] }) });
    open({ plan: plan({ calls: ["ptrace", "kill"] }) });
    assert.deepEqual([source.adopted, source.gapUs], [true, 0], "that a new plan asks for more is no gap");
    source.close();
    open();
    assert.ok(hanging().includes("exit_ptrace") && hanging().includes("exit_setns"));
    assert.ok(unasked().includes("exit_tkill"));
    setPlan(plan({ calls: ["ptrace", "kill"] }));
    assertInLine();
    assert.ok(hanging().includes("exit_ptrace") && hanging().includes("exit_kill"));
    assert.ok(unasked().includes("exit_setns"));
    setPlan(plan({ calls: ["setns"] }));
    assertInLine();
    assert.ok(hanging().includes("exit_setns"), "taken off after it was taken over, and back");
    source.close();
    rmSync(join(pinFolder, readdirSync(pinFolder)[0] ?? "", "links", "exit_setns"));
    open();
    assert.equal(source.adopted, false);
    assert.ok(source.gapUs > 0);
    assertInLine();
    assert.ok(hanging().includes("exit_setns"));
  });

  test("programs of another build that ask for more run beside the new ones until they are ended", async () => {
    await leavePinned(pinFolder, { objects: otherBuild(folder, "asks-for-more"), plan: everything });
    open();
    assert.ok(source.earlier !== undefined);
    setPlan(nothing);
    assert.deepEqual(optional(hanging()), []);
    source.earlier.detach();
    source.earlier.end();
    assertInLine();
  });
});
