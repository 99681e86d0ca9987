import assert from "node:assert/strict";
import { execFileSync, spawnSync } from "node:child_process";
import { randomUUID } from "node:crypto";
import { readdirSync, readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { before, describe, test } from "node:test";
import { skipUnless } from "../../tools/testing/needs.ts";
import { buildCollector } from "../build.mjs";
import { objectFolder, root } from "./kernel-watch.ts";
import { type Chain, framesMax, stackBytesMax, stackChains } from "./stack-depth.ts";

const env = { ...process.env, PATH: `${process.env["PATH"] ?? ""}:/usr/sbin:/sbin` };

/** A program of three functions: its own frame of `own` bytes, then 200 and 64, each written and given to a helper. */
function compiled(own: number): Buffer {
  const frame = (bytes: number, then: string) => `char room[${bytes}] = {}; trace(room, sizeof(room)); ${then}`;
  const source = `
    static long (*trace)(const char *text, unsigned int size, ...) = (void *)6;
    static __attribute__((noinline)) int last(int x) { ${frame(64, "return x + room[1];")} }
    __attribute__((noinline)) int middle(int x) { ${frame(200, "return last(x) + room[2];")} }
    __attribute__((section("socket"))) int program(void *context) { ${frame(own, "return middle(room[3]);")} }`;
  const args = ["-x", "c", "-O2", "-target", "bpf", "-mcpu=v3", "-c", "-", "-o", "-"];
  return execFileSync("clang", args, { input: source, env });
}

function deepestOf(chains: readonly Chain[]): Chain {
  return chains.reduce((a, b) => (b.bytes > a.bytes ? b : a));
}

/** What this kernel says that the frames of `object`'s programs touch: of each program its own, in bytes. */
function toldByKernel(object: string): Map<string, number> {
  const pins = join("/sys/fs/bpf", `stack-depth-${randomUUID()}`);
  try {
    const args = ["-d", "prog", "loadall", join(objectFolder, object), pins];
    const { stdout, stderr } = spawnSync("bpftool", args, { env, encoding: "latin1", maxBuffer: 2 ** 28 });
    const log = stdout + stderr;
    const told = log.matchAll(/prog '(\w+)': -- BEGIN PROG LOAD LOG --[\s\S]*?\nstack depth (\d+)/g);
    return new Map([...told].map(([, name = "", bytes]) => [name, Number(bytes)]));
  } finally {
    rmSync(pins, { recursive: true, force: true });
  }
}

describe("the stack of the programs", { skip: skipUnless("kernel") }, () => {
  before(() => buildCollector({ root, log: () => undefined }));

  test("no chain of calls takes more than Linux 5.10 gives to all its frames together", (t) => {
    const objects = readdirSync(objectFolder).filter((name) => name.endsWith(".bpf.o"));
    const chains = objects.flatMap((name) => stackChains(readFileSync(join(objectFolder, name))));
    const told = chains.map(({ names, bytes }) => `${names.join(" > ")}: ${bytes} bytes`);
    const isTooMuch = ({ names, bytes }: Chain) => bytes > stackBytesMax || names.length > framesMax;
    assert.deepEqual(
      told.filter((_, i) => isTooMuch(chains[i] as Chain)),
      [],
    );
    assert.ok(chains.length > objects.length, "each object has functions");
    const deepest = deepestOf(chains);
    t.diagnostic(
      `the deepest of ${chains.length}: ${deepest.names.join(" > ")}, ${deepest.bytes} of ${stackBytesMax} bytes`,
    );
  });

  test("a chain is summed over its functions, each frame rounded up, and one that is too deep is found", () => {
    const names = ["program", "middle", "last"];
    assert.deepEqual(deepestOf(stackChains(compiled(184))), { names, touched: [184, 200, 64], bytes: 192 + 224 + 64 });
    const deep = deepestOf(stackChains(compiled(256)));
    assert.deepEqual(deep, { names, touched: [256, 200, 64], bytes: 256 + 224 + 64 });
    assert.ok(deep.bytes > stackBytesMax);
  });

  test("a frame is read as no smaller than this kernel finds it", () => {
    for (const object of ["net.bpf.o", "watch.bpf.o"]) {
      const chains = stackChains(readFileSync(join(objectFolder, object)));
      const told = toldByKernel(object);
      assert.ok(told.size >= 2, `the kernel told of ${[...told.keys()].join(", ")}`);
      for (const [name, bytes] of told) {
        const own = chains.find(({ names }) => names[0] === name)?.touched[0] ?? 0;
        assert.ok(own >= bytes && own <= bytes + 16, `${name}: ${own} here, ${bytes} by the kernel`);
      }
    }
  });
});
