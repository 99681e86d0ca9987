// What parses bytes in C, fuzzed under AddressSanitizer and UBSan; and the harness itself, which has to find what we plant.
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { randomInt } from "node:crypto";
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { skipUnless } from "../../tools/testing/needs.ts";
import { buildCollector } from "../build.mjs";
import { addonFolder, buildTarget, foundFolder, run, runTarget } from "../fuzz/fuzz.ts";
import { objectFolder, root } from "./kernel-watch.ts";

const options = { skip: skipUnless("kernel") };
const given = process.env["ATALAYA_FUZZ_SECONDS"];
let folder = "";
before(() => {
  folder = mkdtempSync(join(tmpdir(), "atalaya-fuzz-"));
});
after(() => rmSync(folder, { recursive: true }));

for (const [target, seconds, runsMin] of [
  ["ring", 60, 20_000],
  ["log", 5, 100],
] as const) {
  test(`nothing that lies in memory makes addon/${target}.c touch a byte that is not its own`, options, async (t) => {
    const found = await runTarget(buildTarget(target, folder), Number(given ?? seconds));
    t.diagnostic(`ATALAYA_FUZZ_SEED=${found.seed}, ${found.runs} inputs`);
    const replay = `seed ${found.seed}; the input lies in ${foundFolder}: node collector/fuzz/main.ts ${target} FILE`;
    assert.equal(found.failed, false, `${replay}\n${found.output}`);
    assert.ok(found.runs >= (given === undefined ? runsMin : 1), `only ${found.runs} inputs were tried`);
  });
}

test("no arguments from JavaScript make the addon touch a byte that is not its own", options, async (t) => {
  await buildCollector({ root, log: () => undefined });
  const addon = join(folder, "addon.node");
  const sources = readdirSync(addonFolder).filter((name) => name.endsWith(".c"));
  const flags = ["-std=gnu17", "-O1", "-g", "-D_GNU_SOURCE", "-shared", "-fPIC"];
  const sanitizers = ["-fsanitize=address,undefined", "-fno-sanitize-recover=all"];
  const headers = `-I${join(root, "node_modules", "node-api-headers", "include")}`;
  const paths = sources.map((name) => join(addonFolder, name));
  execFileSync("gcc", [...flags, ...sanitizers, headers, ...paths, "-lbpf", "-o", addon]);
  const library = (name: string) => execFileSync("gcc", [`-print-file-name=${name}`], { encoding: "utf8" }).trim();
  const seed = process.env["ATALAYA_FUZZ_SEED"] ?? String(randomInt(1, 2 ** 31));
  t.diagnostic(`ATALAYA_FUZZ_SEED=${seed}`);
  const program = join(root, "collector", "fuzz", "addon-arguments.ts");
  const args = [...process.execArgv.filter((flag) => flag.startsWith("--disable-warning")), program];
  const env = { LD_PRELOAD: `${library("libasan.so")} ${library("libubsan.so")}`, ASAN_OPTIONS: "detect_leaks=0" };
  const { failed, output } = await run(process.execPath, [...args, addon, objectFolder, seed, given ?? "4"], env);
  assert.equal(failed, false, `seed ${seed}\n${output}`);
  const { calls, refusals } = JSON.parse(output.split("\n").at(-2) ?? "") as { calls: number; refusals: number };
  assert.ok(calls > 2_000 && refusals < calls, output);
});

// Each is one slip of the pen in addon/ring.c; the harness is worth its minute only if it sees every one at once.
const planted: [what: string, right: string, wrong: string][] = [
  ["writes eight bytes past the room", "needed > capacity - used", "needed > capacity - used + 8"],
  ["believes a header that reaches past the producer", "step > produced - ring->cursor", "0"],
  ["takes a record that lies about its size", "return own_size == length", "return true"],
  ["stands still before a record that is larger than any", "return false", "return true"],
  ["gives back what was not read", "position > ring->cursor || ", ""],
];

for (const [what, right, wrong] of planted) {
  test(`a drain that ${what} is found`, options, async () => {
    const source = readFileSync(join(addonFolder, "ring.c"), "utf8");
    assert.equal(source.split(right).length, 2, `ring.c has changed: plant the mistake elsewhere ("${right}")`);
    const file = join(folder, "ring-with-a-mistake.c");
    writeFileSync(file, source.replace(right, wrong));
    const found = await runTarget(buildTarget("ring", folder, file), 30);
    assert.ok(found.failed, `not found in ${found.runs} inputs (seed ${found.seed})`);
    assert.match(found.output, /AddressSanitizer|does not hold/);
    for (const name of readdirSync(foundFolder)) if (name.startsWith("crash-")) rmSync(join(foundFolder, name));
  });
}
