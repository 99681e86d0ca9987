import { readFileSync } from "node:fs";

/** Where the cgroup v2 hierarchy is mounted: /sys/fs/cgroup, or beside the v1 ones on a hybrid machine. */
export function cgroupRoot(mountInfo: string = readFileSync("/proc/self/mountinfo", "utf8")): string | undefined {
  for (const line of mountInfo.split("\n")) {
    const [front = "", back = ""] = line.split(" - ");
    if (back.startsWith("cgroup2 ")) return front.split(" ")[4];
  }
  return undefined;
}
