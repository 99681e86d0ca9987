import { execFileSync } from "node:child_process";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { type KernelWatch, root } from "./kernel-watch.ts";

/** The same in the watch's folder. */
export const callProgram = (watch: KernelWatch): string => buildCallProgram(watch.folder);

/** Compiles programs/calls.c, which makes one rare call for real, into the folder, once; gives its path. */
export function buildCallProgram(folder: string): string {
  const target = join(folder, "calls");
  if (!existsSync(target)) {
    const source = join(root, "collector", "test", "programs", "calls.c");
    execFileSync("gcc", ["-O2", "-Wall", "-Werror", "-D_GNU_SOURCE", "-static", source, "-o", target]);
  }
  return target;
}
