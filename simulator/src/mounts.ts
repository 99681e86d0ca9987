import { readFileSync } from "node:fs";
import { mustRun, runProgram } from "./run-program.ts";

/** Mounts an overlay at `target`: `lowers` from top to bottom, what is written goes to `upper`. */
export async function mountOverlay(target: string, lowers: string[], upper: string, work: string): Promise<void> {
  const options = `lowerdir=${lowers.join(":")},upperdir=${upper},workdir=${work}`;
  await mustRun("mount", ["-t", "overlay", "atalaya-sim", "-o", options, target]);
}

export async function mountMemory(target: string, bytes: number): Promise<void> {
  await mustRun("mount", ["-t", "tmpfs", "-o", `size=${bytes},mode=0755`, "atalaya-sim", target]);
}

/** All mount points at and below `folder`, deepest first. */
export function mountsBelow(folder: string): string[] {
  const points = readFileSync("/proc/self/mountinfo", "utf8")
    .split("\n")
    .map((line) => unescapeOctal(line.split(" ")[4] ?? ""))
    .filter((point) => point === folder || point.startsWith(`${folder}/`));
  return points.sort((a, b) => b.length - a.length);
}

/** Unmounts everything at and below `folder`; a mount that is still in use goes away when its last user does. */
export async function unmountBelow(folder: string): Promise<void> {
  for (const point of mountsBelow(folder)) {
    const plain = await runProgram("umount", [point]);
    if (plain.status !== 0) await mustRun("umount", ["--lazy", point]);
  }
}

/** mountinfo writes blanks and backslashes as octal (proc(5)). */
function unescapeOctal(text: string): string {
  return text.replace(/\\([0-7]{3})/g, (_, digits: string) => String.fromCharCode(Number.parseInt(digits, 8)));
}
