import { execFile, execFileSync } from "node:child_process";
import { mkdirSync, renameSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";

const sources = fileURLToPath(new URL("native/", import.meta.url));
const built = fileURLToPath(new URL("../../build/bench/", import.meta.url));

type Program = "spawn" | "open-close" | "call" | "nothing" | "empty-hooks";
const compiled = new Map<Program, string>();

/** Compiles one of the load generators, once in this process; gives the program's path. */
export function nativeProgram(name: Program): string {
  const known = compiled.get(name);
  if (known !== undefined) return known;
  mkdirSync(built, { recursive: true });
  const target = join(built, name);
  const fresh = `${target}.${process.pid}`;
  execFileSync("gcc", ["-O2", "-static", "-o", fresh, join(sources, `${name}.c`)]);
  // Another run may be starting the old one: a program that is being written cannot be started.
  renameSync(fresh, target);
  compiled.set(name, target);
  return target;
}

/** Runs a load generator until it ends; gives the number that it prints: how much it did in a second. */
export async function rateOf(name: Program, args: readonly string[]): Promise<number> {
  const { stdout } = await promisify(execFile)(nativeProgram(name), args, { env: {} });
  return Number(stdout);
}

/** Starts a program that ends at once again and again, for so many seconds; gives how often in a second. */
export async function startRate(seconds: number): Promise<number> {
  return await rateOf("spawn", [`${seconds}`, nativeProgram("nothing")]);
}
