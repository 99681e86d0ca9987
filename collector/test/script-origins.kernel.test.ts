import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import fs, { copyFileSync, existsSync, mkdirSync, symlinkSync, writeFileSync } from "node:fs";
import { syncBuiltinESMExports } from "node:module";
import { after, before, describe, test } from "node:test";
import { setTimeout as pause } from "node:timers/promises";
import { skipUnless } from "../../tools/testing/needs.ts";
import { Counters } from "../src/counters.ts";
import { ProcessTable } from "../src/process-table.ts";
import type { ScriptOrigin } from "../src/script-origins.ts";
import { KernelWatch } from "./kernel-watch.ts";

// A container's root as a runtime makes it, as in drift.kernel.test.ts: its image holds a shell, /script, /twin and /link to it.

describe("where a script comes from that is executed by its name", { skip: skipUnless("kernel") }, () => {
  let watch: KernelWatch;
  let made = 0;
  before(async () => {
    watch = await KernelWatch.open();
  });
  after(() => watch.close());

  /**
   * What is told of `script` in a new container, after `act`, a shell script in its root; where it removes itself, after that.
   * `meanwhile` is given its process before it is looked up.
   */
  async function told(
    act: string,
    script: string,
    rest = "read rest",
    meanwhile: (pid: number) => void = () => {},
  ): Promise<ScriptOrigin | null> {
    const word = `word-${++made}`;
    const place = watch.makeFolder(`root-${made}`);
    for (const folder of ["image/proc", "image/bin", "up", "work", "merged"])
      mkdirSync(`${place}/${folder}`, { recursive: true });
    copyFileSync("/bin/busybox", `${place}/image/bin/busybox`);
    for (const applet of ["sh", "rm", "umount", "chroot"]) symlinkSync("busybox", `${place}/image/bin/${applet}`);
    writeFileSync(`${place}/image/script`, `#!/bin/sh\n${rest}\n`, { mode: 0o755 });
    writeFileSync(`${place}/image/twin`, "#!/bin/sh\ntrue\n", { mode: 0o755 });
    symlinkSync("/script", `${place}/image/link`);
    const options = `lowerdir=${place}/image,upperdir=${place}/up,workdir=${place}/work`;
    const text = [
      `cd ${place}; mount -t overlay overlay -o ${options} merged; cd merged; mount -t proc proc proc`,
      act,
      "mkdir old; pivot_root . old",
      `exec /bin/sh -c 'umount -l /old; cd /bin; ${script} ${word}; read more'`,
    ].join("\n");
    const child = spawn("unshare", ["-m", "sh", "-ec", text], { stdio: ["pipe", "ignore", "pipe"] });
    let complaint = "";
    child.stderr.setEncoding("utf8").on("data", (more: string) => {
      complaint += more;
    });
    const ended = new Promise((resolve) => child.once("close", resolve));
    try {
      const record = await watch.first("exec", (one) => one.argv.at(-1) === word);
      const mark = `${place}/up/removed`;
      while (rest.includes("removed") && !existsSync(mark)) await pause(5);
      const table = new ProcessTable(new Counters());
      for (const one of watch.of("exec", (other) => other.exeOverlay && other !== record)) table.apply(one);
      meanwhile(record.task.pid);
      return table.apply(record).scriptOrigin;
    } finally {
      child.stdin.end("\n\n\n");
      await ended;
      watch.records.length = 0;
      assert.equal(complaint, "");
    }
  }

  const cases: Record<string, [act: string, script: string, origin: ScriptOrigin]> = {
    "as the image holds it": ["true", "/script", "image"],
    "of the image, by a link": ["true", "/link", "image"],
    "of the image, from the working directory": ["true", "../script", "image"],
    "of the image, with another mode and owner": ["chmod 700 script; chown 1:1 script", "/script", "image"],
    "of the image, touched": ["touch script", "/script", "image"],
    "that was written": ["cp script new", "/new", "upper"],
    "that was written, by a link": ["cp script new; ln -s /new other", "/other", "upper"],
    "that was written, from the working directory": ["cp script bin/new", "./new", "upper"],
    "of the image that was overwritten": ["cat twin > script; echo read rest >> script", "/script", "upper"],
    "that was moved over one of the image": ["cp script new; echo true >> new; mv new script", "/script", "upper"],
    "that was written, mounted over one of the image": [
      "cp script new; echo true >> new; mount --bind new script",
      "/script",
      "upper",
    ],
    "of the image, mounted over one that was written": [
      "cp script new; echo true >> new; mount --bind script new",
      "/new",
      "image",
    ],
    "in a folder that was written, mounted over another": [
      "mkdir -p brought/deep other; cp script brought/deep/new; mount --bind brought other",
      "/other/deep/new",
      "upper",
    ],
    "on a file system in memory": ["mkdir v; mount -t tmpfs none v; cp script v", "/v/script", "volume"],
    "on a folder of the node": ["mkdir -p v ../volume; mount --bind ../volume v; cp script v", "/v/script", "volume"],
    "in another root, whose folders are not looked through": [
      "mkdir -p sub/bin; cp -a bin/. sub/bin; cp script sub/new",
      "chroot /sub /new",
      "unknown",
    ],
    "by a descriptor": ["cp script new; exec 9<new", "/proc/self/fd/9", "unknown"],
  };
  for (const [what, [act, script, origin]] of Object.entries(cases)) {
    test(`a script ${what} is told as ${origin}`, async () => {
      assert.equal(await told(act, script), origin);
    });
  }

  test("a script that removed itself was brought; one of the image that did is unknown", async () => {
    assert.equal(await told("cp script new", "/new", "rm /new; true > /removed; read rest"), "upper");
    assert.equal(await told("true", "/script", "rm /script; true > /removed; read rest"), "unknown");
  });

  test("a script that ends while it is looked up is found all the same", async (context) => {
    const { lstatSync } = fs;
    let ended = 0;
    /** The first look at a file ends the process: its mounts have been read by then. */
    const endsAtTheFirstLook = (pid: number) => {
      const kill = (...of: Parameters<typeof lstatSync>) => {
        if (ended === 0) {
          // Of the signals that end it one of which its shell says nothing.
          process.kill(pid, "SIGPIPE");
          while (existsSync(`/proc/${pid}/root/`));
          ended = pid;
        }
        return lstatSync(...of);
      };
      context.mock.method(fs, "lstatSync", kill as typeof lstatSync);
      syncBuiltinESMExports();
    };
    const toldOf = async (act: string, script: string) => {
      ended = 0;
      try {
        return await told(act, script, "read rest", endsAtTheFirstLook);
      } finally {
        assert.notEqual(ended, 0, "nothing was looked at");
        context.mock.restoreAll();
        syncBuiltinESMExports();
      }
    };
    assert.equal(await toldOf("cp script new", "/new"), "upper");
    assert.equal(await toldOf("true", "/link"), "image");
  });

  test("a program is none, and where the root is no overlay it is not known", async () => {
    const path = `${watch.folder}/script`;
    writeFileSync(path, "#!/bin/sh\ntrue\n", { mode: 0o755 });
    const [{ pid }, program] = [watch.run(path, []), watch.run("/bin/true", [])];
    const origin = async (of: number) =>
      new ProcessTable(new Counters()).apply(await watch.first("exec", ({ task }) => task.pid === of)).scriptOrigin;
    assert.deepEqual([await origin(pid), await origin(program.pid)], ["unknown", null]);
  });
});
