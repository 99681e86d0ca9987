// Builds and runs the fuzz targets of this folder with clang's libFuzzer, AddressSanitizer and UBSan.
//
//   ATALAYA_FUZZ_SECONDS   how long a target runs (default: the test's own)
//   ATALAYA_FUZZ_SEED      the seed of the run that is to be repeated; else a new one, printed
//   node collector/fuzz/main.ts TARGET [FILE]   runs a target, or gives it one saved input
import { execFileSync, spawn } from "node:child_process";
import { randomInt } from "node:crypto";
import { mkdirSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

export const targets = ["ring", "log"] as const;
export type Target = (typeof targets)[number];
export type FuzzRun = { seed: number; runs: number; failed: boolean; output: string };

const folder = dirname(fileURLToPath(import.meta.url));
export const addonFolder = join(folder, "..", "addon");
/** Inputs that broke something are saved here. */
export const foundFolder = join(folder, "..", "..", "build", "fuzz");

const sanitizers = ["-fsanitize=fuzzer,address,undefined", "-fno-sanitize-recover=all"];
const flags = ["-std=gnu17", "-g", "-O1", "-Wall", "-Wextra", "-Werror", "-D_GNU_SOURCE"];
const outputCharsMax = 65_536;

/** Compiles a target, with the addon's source or with another in its place; gives the program's path. */
export function buildTarget(target: Target, into: string, source = join(addonFolder, `${target}.c`)): string {
  const program = join(into, `${target}-fuzz`);
  const files = [join(folder, `${target}-fuzz.c`), source];
  execFileSync("clang", [...flags, ...sanitizers, `-I${addonFolder}`, ...files, "-lbpf", "-o", program]);
  return program;
}

/** Fuzzes for so many seconds, or until something breaks; then the input lies in `foundFolder`. */
export async function runTarget(program: string, seconds: number): Promise<FuzzRun> {
  mkdirSync(foundFolder, { recursive: true });
  // libFuzzer takes 0 for "any".
  const seed = Number(process.env["ATALAYA_FUZZ_SEED"] ?? randomInt(1, 2 ** 31));
  const options = [`-seed=${seed}`, `-max_total_time=${seconds}`, "-max_len=1024", "-timeout=10", "-rss_limit_mb=1024"];
  const found = ["-print_final_stats=1", `-artifact_prefix=${foundFolder}/`];
  const { failed, output } = await run(program, [...options, ...found]);
  const runs = Number(/number_of_executed_units: (\d+)/.exec(output)?.[1] ?? 0);
  // Its progress, hundreds of lines, says nothing to who reads what broke.
  return { seed, runs, failed, output: output.replace(/^(#\d+|\tNEW_FUNC|INFO:).*\n/gm, "") };
}

export async function run(program: string, args: string[], env = {}): Promise<{ failed: boolean; output: string }> {
  const child = spawn(program, args, { stdio: ["ignore", "pipe", "pipe"], env: { ...process.env, ...env } });
  let output = "";
  for (const stream of [child.stdout, child.stderr])
    stream.on("data", (part) => {
      output = (output + part).slice(-outputCharsMax);
    });
  const status = await new Promise((resolve, reject) => child.on("close", resolve).on("error", reject));
  return { failed: status !== 0, output };
}
