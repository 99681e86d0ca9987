import assert from "node:assert/strict";
import { execFileSync, spawn } from "node:child_process";
import { copyFileSync, mkdirSync } from "node:fs";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { skipUnless } from "../../tools/testing/needs.ts";
import { Counters } from "../src/counters.ts";
import type { ExeOrigin } from "../src/exe-origin.ts";
import { ImageCopies } from "../src/image-copies.ts";
import type { ExecRecord } from "../src/kernel-record.ts";
import { ProcessTable } from "../src/process-table.ts";
import { KernelWatch, root } from "./kernel-watch.ts";

// A container's root as a runtime makes it: an overlay over the image's layers, entered with chroot, in a mount namespace
// of its own. What is asked is what the process table says of the program, with all its reading of files.

type Told = { origin: ExeOrigin | null; upperLayer: boolean | null; deleted: boolean | null };
type Shape = { layers?: string[]; as?: "stay" | "end" | "memory"; asked?: string; before?: string };

const image: Told = { origin: "image", upperLayer: false, deleted: false };
const drift: Told = { origin: "upper", upperLayer: true, deleted: false };
const volume: Told = { origin: "volume", upperLayer: false, deleted: false };

describe("where an executable comes from", { skip: skipUnless("kernel") }, () => {
  let watch: KernelWatch;
  let made = 0;
  before(async () => {
    watch = await KernelWatch.open();
    const program = join(root, "collector", "test", "programs", "stay.c");
    execFileSync("gcc", ["-O2", "-Wall", "-Werror", "-D_GNU_SOURCE", "-static", program, "-o", `${watch.folder}/stay`]);
  });
  after(() => watch.close());

  /** What is told of `program` in a new container, whose image holds /program and /twin, after `act`, a shell script in its root. */
  async function told(act: string, program: string, shape: Shape = {}): Promise<Told> {
    const place = watch.makeFolder(`root-${++made}`);
    const layers = shape.layers ?? [`${place}/layers/0/fs`];
    for (const folder of ["0/fs/proc", "1/fs", "up/fs", "work", "merged"]) {
      mkdirSync(`${place}/layers/${folder}`, { recursive: true });
    }
    for (const name of ["program", "twin"]) copyFileSync(`${watch.folder}/stay`, `${place}/layers/0/fs/${name}`);
    const options = `lowerdir=${layers.join(":")},upperdir=${place}/layers/up/fs,workdir=${place}/layers/work`;
    const script = [
      `cd ${place}/layers; mount -t overlay overlay -o ${options} merged; cd merged; mount -t proc proc proc`,
      act,
      `chroot . ${program} ${shape.as ?? "stay"}; read rest`,
    ].join("\n");
    const child = spawn("unshare", ["-m", "sh", "-ec", script], { stdio: ["pipe", "ignore", "pipe"] });
    let complaint = "";
    child.stderr.setEncoding("utf8").on("data", (text: string) => {
      complaint += text;
    });
    const ended = new Promise((resolve) => child.once("close", resolve));
    try {
      const word = shape.as === "end" ? "end" : "stay";
      await watch.first("exec", (one) => one.argv[0] === program && one.argv[1] === word);
      if (shape.before !== undefined) return await tellAlone(shape.before, program);
      return tell(await watch.first("exec", (one) => one.argv[0] === (shape.asked ?? program) && one.argv[1] === word));
    } finally {
      child.stdin.end();
      await ended;
      watch.records.length = 0;
      assert.equal(complaint, "");
    }
  }

  function tell(record: ExecRecord, before?: ExecRecord): Told {
    const counters = new Counters();
    const table = new ProcessTable(counters, 16, new ImageCopies(counters, "/"));
    if (before !== undefined) table.apply(before);
    const entry = table.apply(record);
    return { origin: entry.exeOrigin, upperLayer: entry.exeUpperLayer, deleted: entry.exeDeleted };
  }

  /** What is told of a program by a table that knows none of its ancestors, but another process of its container. */
  async function tellAlone(resident: string, program: string): Promise<Told> {
    const other = await watch.first("exec", (one) => one.argv[0] === resident);
    const record = await watch.first("exec", (one) => one.argv[0] === program && one.argv[1] === "end");
    const stranger = { ...record, task: { ...record.task, pid: 2 ** 22 + 1, ppid: 2 ** 22 + 2 } };
    return tell(stranger, other);
  }

  const ofTheImage: Record<string, [act: string, program: string, shape?: Shape]> = {
    "as it is": ["true", "/program"],
    "with another mode": ["chmod 700 program", "/program"],
    "with another owner": ["chown 1:1 program", "/program"],
    "with another time": ["touch program", "/program"],
    "under another name": ["mv program elsewhere", "/elsewhere"],
    "in another folder": ["mkdir sub; mv program sub/", "/sub/program"],
    "by a hard link": ["ln program linked", "/linked"],
    "by a symbolic link": ["ln -s /program linked", "/linked"],
    "under the name of another program of the image": ["mv program twin", "/twin"],
    "that has ended before anybody looked": ["chmod 700 program", "/program", { as: "end" }],
    "of a deeper layer, mounted by names within a folder": [
      "chmod 700 program",
      "/program",
      { layers: ["1/fs", "0/fs"] },
    ],
  };
  for (const [what, [act, program, shape]] of Object.entries(ofTheImage)) {
    test(`a program of the image ${what} is of the image`, async () => {
      assert.deepEqual(await told(act, program, shape), image);
    });
  }

  const brought: Record<string, [act: string, program: string, shape?: Shape]> = {
    "a copy of a program of the image": ["cp program copy", "/copy"],
    "a program that was written and made executable": ["cat program > new; chmod 755 new", "/new"],
    "a program of the image that was overwritten in place": [
      "printf x | dd of=program bs=1 seek=4000 conv=notrunc status=none",
      "/program",
    ],
    "a program of the image that was overwritten in place, with the time it had": [
      "touch -r program time; printf x | dd of=program bs=1 seek=4000 conv=notrunc status=none; touch -r time program",
      "/program",
    ],
    "a program of the image that was emptied and written anew, as long and with the time it had": [
      "cp -p program saved; printf x | dd of=saved bs=1 seek=4000 conv=notrunc status=none; touch -r program time; cat saved > program; touch -r time program saved",
      "/program",
    ],
    "a longer program in the place of one of the image": ["printf x >> program", "/program"],
    "a program that was moved over one of the image": ["cp program new; mv new twin", "/twin"],
  };
  for (const [what, [act, program, shape]] of Object.entries(brought)) {
    test(`${what} is not of the image`, async () => {
      assert.deepEqual(await told(act, program, shape), drift);
    });
  }

  test("a program that ran with another content, and was given back the image's afterwards, is not of the image", async () => {
    // When it is looked at, after /twin has run, the file is what the image holds. Its change time tells that it was not then.
    const act = [
      "cp program saved; printf x | dd of=program bs=1 seek=4000 conv=notrunc status=none",
      "chroot . /program end; sleep 0.05; cat saved > program",
    ].join("\n");
    assert.deepEqual(await told(act, "/twin", { as: "end", asked: "/program" }), drift);
  });

  const onVolumes: Record<string, string> = {
    "an empty folder of the node": `mkdir -p v ../0/volume; mount --bind ../0/volume v`,
    "a file system in memory": "mkdir v; mount -t tmpfs none v",
  };
  for (const [what, act] of Object.entries(onVolumes)) {
    test(`a program in ${what} is on a volume`, async () => {
      assert.deepEqual(await told(`${act}; cp program v/program`, "/v/program"), volume);
    });
  }

  test("a program that has ended, and whose parent is not in the container, is seen through another one there", async () => {
    const resident = "./twin stay <&3 & chmod 700 program";
    const shape: Shape = { as: "end", before: "./twin" };
    assert.deepEqual(await told(`exec 3<&0; ${resident}`, "/program", shape), image);
  });

  test("a program in memory is of no file at all", async () => {
    const memory: Told = { origin: "memory", upperLayer: false, deleted: false };
    assert.deepEqual(await told("true", "/program", { as: "memory" }), memory);
  });

  test("a program whose file is gone is of the layer that held it, and said to be gone", async () => {
    const act = "cp program copy; exec 9<copy; rm copy; ln -s /proc/self/fd/9 copy";
    assert.deepEqual(await told(act, "/copy"), { ...drift, deleted: true });
  });

  test("where the root is no overlay, it is not known", async () => {
    const { pid } = watch.run(`${watch.folder}/stay`, ["end"]);
    const record = await watch.first("exec", (one) => one.task.pid === pid);
    assert.deepEqual(tell(record), { origin: "unknown", upperLayer: false, deleted: false });
  });
});
