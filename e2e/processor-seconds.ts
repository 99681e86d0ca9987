import { readFileSync } from "node:fs";

/** USER_HZ is 100 on every architecture that we run on. */
const ticksPerSecond = 100;

/** Processor time that a process has used, in seconds (proc(5): utime and stime). Throws where there is no such process. */
export function processorSeconds(pid: number): number {
  const stat = readFileSync(`/proc/${pid}/stat`, "utf8");
  const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
  return (Number(fields[11]) + Number(fields[12])) / ticksPerSecond;
}
