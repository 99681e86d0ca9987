import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { copyFileSync, mkdtempSync, readdirSync, readlinkSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { before, describe, test } from "node:test";
import { Worker } from "node:worker_threads";
import { Fault } from "@atalaya/wire";
import { skipUnless } from "../../tools/testing/needs.ts";
import { buildCollector } from "../build.mjs";
import { openKernel } from "../src/kernel/open-kernel.ts";
import { objectFolder, root } from "./kernel-watch.ts";

const source = join(root, "collector", "src", "kernel", "open-kernel.ts");
const inWorker = `
  const { parentPort } = require("node:worker_threads");
  import(${JSON.stringify(source)}).then(({ openKernel }) => {
    const kernel = openKernel({ objectFolder: ${JSON.stringify(objectFolder)} });
    parentPort.postMessage(kernel.programs.filter((program) => program.attached).length);
    parentPort.once("message", () => parentPort.postMessage(kernel.drain("lifecycle").records.length));
  });`;

/** BPF programs, links and maps that this process holds: others on the machine hold theirs. */
function handlesHeld(): number {
  const targets = readdirSync("/proc/self/fd").map((name) => {
    try {
      return readlinkSync(`/proc/self/fd/${name}`);
    } catch {
      return ""; // the descriptor that listed the folder
    }
  });
  return targets.filter((target) => /^anon_inode:\[?bpf/.test(target)).length;
}

function answer(worker: Worker): Promise<number> {
  return new Promise((resolve, reject) => {
    worker.once("message", (value: number) => resolve(value));
    worker.once("error", reject);
  });
}

describe("the addon", { skip: skipUnless("kernel") }, () => {
  before(() => buildCollector({ root, log: () => undefined }));

  test("works in two worker threads at once, each with handles of its own", async () => {
    const workers = [new Worker(inWorker, { eval: true }), new Worker(inWorker, { eval: true })];
    const attached = await Promise.all(workers.map(answer));
    assert.ok(attached.every((count) => count > 0));
    execFileSync("/bin/true");
    const drained = workers.map(answer);
    for (const worker of workers) worker.postMessage("drain");
    assert.ok((await Promise.all(drained)).every((count) => count > 0));
    await Promise.all(workers.map((worker) => worker.terminate()));
  });

  test("a worker that is ended leaves no program behind", async () => {
    const before = handlesHeld();
    const worker = new Worker(inWorker, { eval: true });
    await answer(worker);
    assert.ok(handlesHeld() > before);
    await worker.terminate();
    assert.equal(handlesHeld(), before);
  });

  test("after it was closed it can be opened again", () => {
    for (let round = 0; round < 2; round++) {
      const kernel = openKernel({ objectFolder });
      execFileSync("/bin/true");
      assert.ok(kernel.drain("lifecycle").records.length > 0);
      kernel.close();
    }
  });

  test("what does not load is left out with its reason, the rest runs; when nothing loads, it is a fault", () => {
    const folder = mkdtempSync(join(tmpdir(), "atalaya-objects-"));
    try {
      for (const name of readdirSync(objectFolder)) copyFileSync(join(objectFolder, name), join(folder, name));
      writeFileSync(join(folder, "net.bpf.o"), "not an object");
      rmSync(join(folder, "iter.bpf.o"));
      const kernel = openKernel({ objectFolder: folder });
      const connect = kernel.programs.find((program) => program.name === "connect4");
      assert.deepEqual([connect?.loaded, connect?.attached], [false, false]);
      assert.match(connect?.reason ?? "", /^[A-Z]+; /);
      assert.ok(kernel.programs.some((program) => program.name === "process_exec" && program.attached));
      assert.ok(kernel.snapshot().some((record) => record.task.pid === process.pid));
      kernel.close();
      for (const name of readdirSync(folder).filter((one) => one.endsWith(".o"))) rmSync(join(folder, name));
      assert.throws(
        () => openKernel({ objectFolder: folder }),
        (error) => error instanceof Fault && error.code === "SENSOR_UNAVAILABLE" && /ENOENT/.test(error.message),
      );
    } finally {
      rmSync(folder, { recursive: true });
    }
  });
});
