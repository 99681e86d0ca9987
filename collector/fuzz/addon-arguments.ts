// Run by itself, with the addon built under AddressSanitizer: calls every function of it with arguments that no
// caller of ours would give. Whatever is not refused by an exception has to leave the process whole.
//
//   node collector/fuzz/addon-arguments.ts ADDON OBJECT_FOLDER SEED SECONDS
import { createRequire } from "node:module";
import { join } from "node:path";

type Call = (...args: unknown[]) => unknown;

const [file = "", objectFolder = "", seed = "1", seconds = "1"] = process.argv.slice(2);
const addon = createRequire(import.meta.url)(file) as Record<string, Call>;

/** mulberry32: small, and the same numbers for the same seed. */
let state = Number(seed) >>> 0;
function random(below: number): number {
  state = (state + 0x6d2b79f5) >>> 0;
  let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
  mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
  return ((mixed ^ (mixed >>> 14)) >>> 0) % below;
}

const names = ["lifecycle", "bulk", "counts", "names", "prefixes", "settings", "ignored", "scratch", "process_exec"];
const odd = [undefined, null, true, Number.NaN, Number.POSITIVE_INFINITY, -1, 1n, Symbol("s"), {}, [], () => 1];
const makers: (() => unknown)[] = [
  () => names[random(names.length)],
  () => odd[random(odd.length)],
  () => random(5),
  () => 2 ** random(64) - random(3),
  () => Buffer.alloc(random(300), random(256)),
  () => Buffer.alloc([4, 8, 64, 68, 72, 132][random(6)] ?? 0, random(256)),
  () => new DataView(new ArrayBuffer(random(32))),
  () => new ArrayBuffer(random(16)),
  () => "x".repeat(random(10_000)),
  () => `a\0${"\ud800".repeat(random(4))}`,
];

let [calls, refusals] = [0, 0];
const deadline = performance.now() + Number(seconds) * 1_000;
while (performance.now() < deadline) {
  // What it is asked for afterwards is really there: maps, rings, a program.
  addon["load"]?.(join(objectFolder, "life.bpf.o"), "process_exec");
  for (const ring of ["lifecycle", "bulk"]) attempt("openRing", [ring]);
  for (let i = 0; i < 2_000; i++) {
    const functions = Object.keys(addon).filter((name) => name !== "close");
    const args = Array.from({ length: random(6) }, () => makers[random(makers.length)]?.());
    attempt(functions[random(functions.length)] ?? "", args);
  }
  addon["close"]?.();
}
process.stdout.write(`${JSON.stringify({ calls, refusals })}\n`);

function attempt(name: string, args: unknown[]): void {
  calls++;
  try {
    addon[name]?.(...args);
  } catch {
    refusals++;
  }
}
