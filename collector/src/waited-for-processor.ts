import { readSmallFile } from "./small-file.ts";

/**
 * For how many milliseconds this thread was ready to run and did not, since it began (Documentation/scheduler/sched-stats.rst: the
 * second number, nanoseconds). 0 where the kernel does not count it.
 */
export function waitedForProcessorMs(): number {
  const file = readSmallFile("/proc/thread-self/schedstat", 256);
  const ns = "text" in file ? Number(file.text.split(" ")[1]) : 0;
  return Number.isFinite(ns) ? ns / 1e6 : 0;
}
