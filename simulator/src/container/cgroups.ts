import { readFileSync } from "node:fs";
import { join } from "node:path";
import { removeFolder } from "../run-folder.ts";
import { cgroupParent } from "./oci-config.ts";

/** Removes the simulation's cgroup folder from every hierarchy (v1, hybrid, v2) where no run uses it any more. */
export function removeCgroupParents(): void {
  const mounts = readFileSync("/proc/self/mounts", "utf8")
    .split("\n")
    .map((line) => line.split(" "));
  for (const [, point, type] of mounts) {
    if (point !== undefined && (type === "cgroup" || type === "cgroup2")) removeFolder(join(point, cgroupParent));
  }
}
