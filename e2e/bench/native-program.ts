import { execFileSync } from "node:child_process";
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

const sources = fileURLToPath(new URL("native/", import.meta.url));
const built = fileURLToPath(new URL("../../build/bench/", import.meta.url));

/** Compiles one of the load generators; gives the program's path. */
export function nativeProgram(name: "spawn" | "open-close" | "nothing"): string {
  mkdirSync(built, { recursive: true });
  const target = join(built, name);
  execFileSync("gcc", ["-O2", "-static", "-o", target, join(sources, `${name}.c`)]);
  return target;
}

/** Runs a generator to its end; gives the number that it prints. */
export function rate(program: string, args: string[]): number {
  return Number(execFileSync(program, args, { encoding: "utf8", env: {} }));
}
