import assert from "node:assert/strict";
import { execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { cpSync, existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { fileURLToPath } from "node:url";
import { skipUnless } from "../../tools/testing/needs.ts";
import { buildCollector } from "../build.mjs";
import { openKernel } from "../src/kernel/open-kernel.ts";
import type { KernelRecord } from "../src/kernel-record.ts";
import type { EarlierPrograms, KernelSource } from "../src/kernel-source.ts";
import { objectFolder, root } from "./kernel-watch.ts";

const leaver = fileURLToPath(new URL("programs/leave-pinned.ts", import.meta.url));
const starts = 200;

/** A process that pins, says its rings' name and is killed. */
async function leavePinned(objects: string, pinFolder: string): Promise<string> {
  const args = ["--disable-warning=ExperimentalWarning", leaver, objects, pinFolder];
  const child = spawn(process.execPath, args, { stdio: ["ignore", "pipe", "inherit"] });
  const [said] = (await once(child.stdout, "data")) as [Buffer];
  const ended = once(child, "exit");
  child.kill("SIGKILL");
  await ended;
  return said.toString().trim();
}

/** Programs that start with a mark of their own in their arguments; nobody reads meanwhile. */
function startPrograms(mark: string): void {
  execFileSync("sh", ["-c", `for i in $(seq ${starts}); do /bin/true ${mark} $i; done`]);
}

function drainAll(from: Pick<KernelSource | EarlierPrograms, "drain" | "release">): KernelRecord[] {
  const all: KernelRecord[] = [];
  for (const ring of ["lifecycle", "bulk"] as const) {
    for (;;) {
      const { records, next } = from.drain(ring);
      from.release(ring, next);
      if (records.length === 0) break;
      all.push(...records);
    }
  }
  return all;
}

function marked(records: readonly KernelRecord[], mark: string): Set<string> {
  const execs = records.filter((record) => record.kind === "exec" && record.argv[1] === mark);
  return new Set(execs.map((record) => (record.kind === "exec" ? (record.argv[2] ?? "") : "")));
}

function count(source: KernelSource, kind: string, reason: string): number {
  return source.counters().find((one) => one.class === kind && one.reason === reason)?.value ?? Number.NaN;
}

describe("what outlives a collector", { skip: skipUnless("kernel") }, () => {
  const folder = mkdtempSync(join(tmpdir(), "atalaya-pins-"));
  const bpffs = join(folder, "bpffs");
  const pinFolder = join(bpffs, "sensor");
  before(() => buildCollector({ root, log: () => undefined }));
  after(() => {
    execFileSync("umount", [bpffs]);
    rmSync(folder, { recursive: true });
  });

  test("the next process goes on with the rings, the counters and the account of one that was killed", async () => {
    const ringId = await leavePinned(objectFolder, pinFolder);
    startPrograms("while-nobody-read");
    writeFileSync(join(folder, "left-behind"), "");
    execFileSync("cat", [join(folder, "left-behind")]);
    const source = openKernel({ objectFolder, pinFolder, ignorePids: [process.pid] });
    try {
      assert.equal(source.adopted, true);
      assert.equal(source.gapUs, 0);
      assert.equal(source.ringId, ringId);
      assert.equal(source.earlier, undefined);
      assert.equal(source.readAccount()?.toString(), "counted so far");
      assert.ok(source.programs.filter((one) => one.attached).length > 15, JSON.stringify(source.programs));
      const records = drainAll(source);
      assert.equal(marked(records, "while-nobody-read").size, starts);
      // The filters of the one before held, and are ours to end.
      assert.ok(records.some((record) => record.kind === "open" && record.path.endsWith("left-behind")));
      assert.ok(count(source, "exec", "submitted") >= starts);
      assert.ok(source.snapshot().length > 1);
      source.setFilterPlan({ version: 2, open_names: ["another"], exec_names: [], write_prefixes: [] });
      execFileSync("cat", [join(folder, "left-behind")]);
      assert.ok(!drainAll(source).some((record) => record.kind === "open" && record.path.endsWith("left-behind")));
    } finally {
      source.unpin();
    }
    assert.equal(existsSync(pinFolder), false);
  });

  test("a set that was never finished is made anew", async () => {
    await leavePinned(objectFolder, pinFolder);
    const [set = ""] = readdirSync(pinFolder);
    rmSync(join(pinFolder, set, "whole"));
    const source = openKernel({ objectFolder, pinFolder });
    try {
      assert.equal(source.adopted, false);
      assert.equal(source.readAccount(), undefined);
    } finally {
      source.unpin();
    }
  });

  test("programs of another build run beside the new ones until what they saw was read", async () => {
    const other = join(folder, "other-build");
    cpSync(objectFolder, other, { recursive: true });
    writeFileSync(join(other, "sources.sha256"), "f".repeat(64));
    const ringId = await leavePinned(other, pinFolder);
    startPrograms("before-the-upgrade");
    const source = openKernel({ objectFolder, pinFolder });
    try {
      const { earlier } = source;
      assert.ok(earlier !== undefined);
      assert.equal(source.adopted, false);
      assert.equal(earlier.ringId, ringId);
      assert.equal(earlier.readable, true);
      assert.equal(earlier.readAccount()?.toString(), "counted so far");
      startPrograms("while-both-see");
      assert.equal(marked(drainAll(source), "while-both-see").size, starts);
      earlier.detach();
      startPrograms("after-they-were-detached");
      const seen = drainAll(earlier);
      assert.equal(marked(seen, "before-the-upgrade").size, starts);
      assert.equal(marked(seen, "while-both-see").size, starts);
      assert.equal(marked(seen, "after-they-were-detached").size, 0);
      assert.equal(marked(drainAll(source), "after-they-were-detached").size, starts);
      earlier.end();
      assert.equal(source.earlier, undefined);
      assert.equal(readdirSync(pinFolder).length, 1);
    } finally {
      source.unpin();
    }
  });

  test("when nobody has read for a minute, nothing more is submitted, and what is not is counted", async () => {
    const source = openKernel({ objectFolder, pinFolder });
    try {
      drainAll(source);
      const [set = ""] = readdirSync(pinFolder);
      // As if the last look had been 61 s ago.
      const uptimeUs = BigInt(Math.round(Number(readUptime()) * 1e6));
      setReader(join(pinFolder, set, "maps", "reader"), uptimeUs - 61_000_000n);
      const before = { unread: count(source, "exec", "unread"), submitted: count(source, "exec", "submitted") };
      startPrograms("unread");
      assert.ok(count(source, "exec", "unread") - before.unread >= starts);
      assert.equal(count(source, "exec", "submitted"), before.submitted);
    } finally {
      source.unpin();
    }
  });

  test("without a folder to pin in, all ends with the process", () => {
    mkdirSync(pinFolder, { recursive: true });
    const source = openKernel({ objectFolder });
    source.writeAccount(Buffer.from("kept while it runs"));
    assert.equal(source.readAccount()?.toString(), "kept while it runs");
    source.close();
    assert.ok(existsSync(pinFolder));
    assert.deepEqual(readdirSync(pinFolder), []);
  });
});

function readUptime(): string {
  return execFileSync("cat", ["/proc/uptime"], { encoding: "utf8" }).split(" ")[0] ?? "0";
}

function setReader(path: string, us: bigint): void {
  const bytes = Buffer.alloc(8);
  bytes.writeBigUInt64LE(us);
  const value = [...bytes].map((byte) => `0x${byte.toString(16)}`);
  execFileSync("/usr/sbin/bpftool", ["map", "update", "pinned", path, "key", "0", "0", "0", "0", "value", ...value]);
}
