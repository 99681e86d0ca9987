import assert from "node:assert/strict";
import { type ChildProcessWithoutNullStreams, execFileSync, spawn } from "node:child_process";
import { copyFileSync, existsSync, mkdirSync } from "node:fs";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { after, before, describe, test } from "node:test";
import { skipUnless } from "../../tools/testing/needs.ts";
import type { ExecRecord } from "../src/kernel-record.ts";
import { KernelWatch, root } from "./kernel-watch.ts";

// Programs whose only act is to make a file, in a container's root as a runtime makes it: where the file is not, nothing of
// the program ran.

/** A root of its own over an image that holds /mark and /twin; commands are run in it by a shell that is outside of it. */
class Root {
  readonly #shell: ChildProcessWithoutNullStreams;
  readonly #answers: AsyncIterator<string>;
  readonly #ended: Promise<unknown>;
  readonly #upper: string;
  #made = 0;

  constructor(watch: KernelWatch, name: string, before = "true") {
    const place = watch.makeFolder(name);
    this.#upper = `${place}/up`;
    for (const folder of ["image/proc", "up", "work", "merged"]) mkdirSync(`${place}/${folder}`, { recursive: true });
    for (const program of ["mark", "twin"]) copyFileSync(`${watch.folder}/mark`, `${place}/image/${program}`);
    const mount = "mount -t overlay overlay -o lowerdir=image,upperdir=up,workdir=work merged";
    const script = [
      `cd ${place}; ${mount}; ${before}; umount merged; ${mount}; cd merged`,
      'mount -t proc proc proc; while read line; do eval "$line" 2>/dev/null; echo $?; done',
    ].join("\n");
    this.#shell = spawn("unshare", ["-m", "sh", "-c", script]);
    this.#answers = createInterface({ input: this.#shell.stdout })[Symbol.asyncIterator]();
    this.#ended = new Promise((resolve) => this.#shell.once("close", resolve));
  }

  /** The exit status. */
  async sh(command: string): Promise<number> {
    this.#shell.stdin.write(`${command}\n`);
    return Number((await this.#answers.next()).value);
  }

  /** Whether the program got as far as to its act. */
  async runs(program: string, ...more: string[]): Promise<boolean> {
    const name = `made-${++this.#made}`;
    await this.sh(`chroot . ${program} /${name} ${more.join(" ")}`);
    return existsSync(join(this.#upper, name));
  }

  async end(): Promise<void> {
    this.#shell.stdin.end();
    await this.#ended;
  }
}

describe("programs that did not come with the image, where they are blocked", { skip: skipUnless("kernel") }, () => {
  let watch: KernelWatch;
  let container: Root;
  let other: Root;
  let first: ExecRecord;
  before(async () => {
    watch = await KernelWatch.open();
    const program = join(root, "collector", "test", "programs", "mark.c");
    execFileSync("gcc", ["-O2", "-Wall", "-Werror", "-D_GNU_SOURCE", "-static", program, "-o", `${watch.folder}/mark`]);
    container = new Root(watch, "container");
    other = new Root(watch, "other");
    assert.equal(await container.runs("/mark"), true);
    first = await watch.first("exec", (one) => one.argv[0] === "/mark");
    for (const one of [container, other]) await one.sh("cp mark brought");
  });
  after(async () => {
    await container.end();
    await other.end();
    watch.close();
  });

  function enforce(how: { isDry?: boolean; otherGroup?: boolean; in?: ExecRecord } = {}): void {
    const { task, exeDevice } = how.in ?? first;
    const { cgroupIdV1, cgroupIdV2 } = task;
    const cgroupId = cgroupIdV1 === 0 ? cgroupIdV2 : cgroupIdV1;
    const isAdded = watch.source.enforced.add({
      device: exeDevice,
      cgroupId: how.otherGroup === true ? cgroupId + 100_000 : cgroupId,
      cgroupVersion: cgroupIdV1 === 0 ? 2 : 1,
      isDry: how.isDry === true,
    });
    assert.ok(isAdded);
    watch.source.enforced.renew();
  }

  test("a brought program ends before its first instruction, and the record says so", async () => {
    enforce();
    assert.equal(await container.sh("chroot . /brought /never"), 137);
    assert.equal(await container.sh("test -e never"), 1);
    const record = await watch.first("exec", (one) => one.argv[0] === "/brought" && one.argv[1] === "/never");
    assert.equal(record.blocked, "killed");
  });

  const runsOn: Record<string, [act: string, program: string]> = {
    "as it is": ["true", "/mark"],
    "with another mode": ["chmod 700 mark", "/mark"],
    "with another owner": ["chown 1:1 mark", "/mark"],
    "under another name": ["mv twin elsewhere", "/elsewhere"],
    "by a hard link": ["ln mark linked", "/linked"],
    "by a hard link of a file with another mode": ["chmod 711 mark; ln mark again", "/again"],
  };
  for (const [what, [act, program]] of Object.entries(runsOn)) {
    test(`a program of the image ${what} runs`, async () => {
      enforce();
      assert.equal(await container.sh(act), 0);
      assert.equal(await container.runs(program), true);
    });
  }

  test("a program of the image runs after the kernel has to find out anew what it was copied from", async () => {
    const again = new Root(watch, "again", "chmod 700 merged/mark; cp merged/mark merged/brought");
    try {
      assert.equal(await again.sh("chroot . /twin /first-again"), 0);
      enforce({ in: await watch.first("exec", (one) => one.argv[1] === "/first-again") });
      assert.equal(await again.runs("/mark"), true);
      assert.equal(await again.runs("/brought"), false);
    } finally {
      await again.end();
    }
  });

  const blocked: Record<string, [act: string, program: string, ...more: string[]]> = {
    "a longer one in the place of one of the image": ["cp mark saved; cat saved > twin; printf x >> twin", "/twin"],
    "one that was moved over one of the image": ["cp brought new; mv new twin", "/twin"],
    "one by a hard link": ["ln brought linked-too", "/linked-too"],
    "one that is gone from its folder": ["cp brought b; exec 9<b; rm b; ln -s /proc/self/fd/9 b", "/b"],
    "one in memory": ["true", "/mark", "memory"],
  };
  for (const [what, [act, program, ...more]] of Object.entries(blocked)) {
    test(`a brought program does not run: ${what}`, async () => {
      enforce();
      assert.equal(await container.sh(act), 0);
      assert.equal(await container.runs(program, ...more), false);
    });
  }

  test("what the kernel cannot tell from the image's file runs: one of the same length, written into it", async () => {
    enforce();
    await container.sh("cp mark other; printf x | dd of=mark bs=1 seek=4000 conv=notrunc status=none; chmod 755 mark");
    await container.sh("chroot . /mark /any");
    const record = await watch.first("exec", (one) => one.argv[0] === "/mark" && one.argv[1] === "/any");
    assert.equal(record.blocked, undefined);
    assert.equal(record.exeUpperLayer, true);
  });

  test("on trial it runs, and the record says what would have been", async () => {
    enforce({ isDry: true });
    assert.equal(await container.sh("chroot . /brought /trial"), 0);
    assert.equal(await container.sh("test -e trial"), 0);
    const record = await watch.first("exec", (one) => one.argv[1] === "/trial");
    assert.equal(record.blocked, "would_be");
  });

  test("in another container, and in another control group with the same root, it runs", async () => {
    enforce();
    assert.equal(await other.runs("/brought"), true);
    enforce({ otherGroup: true });
    assert.equal(await container.runs("/brought"), true);
  });

  test("it runs again once the block is let go of, at once", async () => {
    enforce();
    assert.equal(await container.runs("/brought"), false);
    watch.source.enforced.release();
    assert.equal(await container.runs("/brought"), true);
    watch.source.enforced.renew();
    assert.equal(await container.runs("/brought"), false);
    watch.source.enforced.remove(first.exeDevice);
    assert.equal(await container.runs("/brought"), true);
  });

  test("where nobody renews the block any more, it runs within 5 s", async () => {
    enforce();
    const startMs = performance.now();
    assert.equal(await container.runs("/brought"), false);
    while (!(await container.runs("/brought"))) {
      assert.ok(performance.now() - startMs < 5_000, "still blocked after 5 s");
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
    assert.ok(performance.now() - startMs > 2_000, "let go although it was renewed a moment ago");
  });
});
