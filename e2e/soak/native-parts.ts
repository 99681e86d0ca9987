import { execFileSync } from "node:child_process";
import { mkdirSync, renameSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

const sources = fileURLToPath(new URL("native/", import.meta.url));
const built = fileURLToPath(new URL("../../build/soak/", import.meta.url));

/** Compiles the generator of the load; gives the program's path. */
export function loadProgram(): string {
  return compile("load", "load", ["-static"]);
}

/** Compiles the library that shifts the wall clock of the process that preloads it; gives its path. */
export function clockShiftLibrary(): string {
  return compile("clock-shift", "clock-shift.so", ["-shared", "-fPIC", "-ldl"]);
}

function compile(source: string, name: string, flags: string[]): string {
  mkdirSync(built, { recursive: true });
  const target = join(built, name);
  const fresh = `${target}.${process.pid}`;
  execFileSync("gcc", ["-O2", "-Wall", "-Werror", "-o", fresh, join(sources, `${source}.c`), ...flags]);
  // Another run may have the old one mapped.
  renameSync(fresh, target);
  return target;
}
