import { execFileSync } from "node:child_process";
import { mkdirSync, renameSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

const sources = fileURLToPath(new URL("native/", import.meta.url));
const built = fileURLToPath(new URL("../../build/bench/", import.meta.url));

/** Compiles one of the load generators; gives the program's path. */
export function nativeProgram(name: "spawn" | "open-close" | "call" | "nothing" | "empty-hooks"): string {
  mkdirSync(built, { recursive: true });
  const target = join(built, name);
  const fresh = `${target}.${process.pid}`;
  execFileSync("gcc", ["-O2", "-static", "-o", fresh, join(sources, `${name}.c`)]);
  // Another run may be starting the old one: a program that is being written cannot be started.
  renameSync(fresh, target);
  return target;
}
