import { execFileSync } from "node:child_process";

/** The shared libraries (and the loader) that the programs need, as the loader of this system finds them. */
export function librariesOf(programs: readonly string[]): string[] {
  const found = new Set<string>();
  for (const program of programs) {
    for (const line of execFileSync("ldd", [program], { encoding: "utf8" }).split("\n")) {
      if (line.includes("not found")) throw new Error(`${program} needs what the base image has not: ${line.trim()}`);
      // `libc.so.6 => /lib/.../libc.so.6 (0x...)`, or the loader alone; linux-vdso has no file.
      const path = /(?:=>\s+)?(\/\S+)\s+\(0x/.exec(line)?.[1];
      if (path !== undefined) found.add(path);
    }
  }
  return [...found].sort();
}
