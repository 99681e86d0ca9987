import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { before, describe, test } from "node:test";
import { promisify } from "node:util";
import { skipUnless } from "../../tools/testing/needs.ts";
import { buildCollector } from "../build.mjs";
import { root } from "./kernel-watch.ts";

const run = promisify(execFile);

/** A process of its own, which gets a signal every millisecond while it opens the kernel side. */
const script = `
  import { spawn } from "node:child_process";
  import { openKernel } from "./collector/src/kernel/open-kernel.ts";
  import { objectFolder } from "./collector/test/kernel-watch.ts";
  process.on("SIGUSR2", () => undefined);
  const flood = "setInterval(() => process.kill(Number(process.argv[1]), 'SIGUSR2'), 1)";
  const sender = spawn(process.execPath, ["-e", flood, String(process.pid)]);
  await new Promise((resolve) => process.once("SIGUSR2", resolve));
  const source = openKernel({ objectFolder, ignorePids: [process.pid] });
  sender.kill("SIGKILL");
  console.log(JSON.stringify([...source.programs]));
  source.close();`;

describe("signals while programs are loaded", { skip: skipUnless("kernel") }, () => {
  before(() => buildCollector({ root, log: () => undefined }));

  test("leave none of them out", { timeout: 120_000 }, async () => {
    const { stdout } = await run(process.execPath, ["--input-type=module", "-e", script], { cwd: root });
    const programs = JSON.parse(stdout) as { name: string; attached: boolean; reason?: string }[];
    assert.ok(programs.some(({ name, attached }) => name === "process_exec" && attached));
    assert.deepEqual(
      programs.filter(({ reason }) => reason?.includes("EAGAIN")).map(({ name }) => name),
      [],
    );
  });
});
