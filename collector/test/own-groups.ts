import { existsSync, mkdirSync, readFileSync, rmdirSync, statSync } from "node:fs";
import { join } from "node:path";
import { cgroupRoot } from "../src/kernel/cgroup-root.ts";
import type { GroupIds } from "../src/kernel/group-owners.ts";

/** The two control groups that this process is in, as records tell them: 0 where the memory controller has none of version 1. */
export function ownGroupIds(): GroupIds {
  const lines = readFileSync("/proc/self/cgroup", "utf8").split("\n");
  const idIn = (mount: string, is: (controllers: string) => boolean) => {
    const [, , path = ""] = lines.map((line) => line.split(":")).find(([, controllers = "-"]) => is(controllers)) ?? [];
    return existsSync(mount) ? statSync(join(mount, path)).ino : 0;
  };
  return {
    cgroupIdV2: idIn(cgroupRoot() ?? "", (controllers) => controllers === ""),
    cgroupIdV1: idIn("/sys/fs/cgroup/memory", (controllers) => controllers.split(",").includes("memory")),
  };
}

/** Control groups of version 2 for a test alone, each with budgets of its own. */
export class OwnGroups {
  readonly folders: readonly string[];

  constructor(name: string, count: number) {
    const mount = cgroupRoot();
    if (mount === undefined) throw new Error("no cgroup v2 is mounted");
    this.folders = Array.from({ length: count }, (_, i) => join(mount, `${name}-${process.pid}-${i}`));
    for (const folder of this.folders) mkdirSync(folder);
  }

  /** A command line that puts itself into the group before it becomes that one. */
  static within(folder: string, command: readonly string[]): string[] {
    return ["/bin/sh", "-c", `echo $$ > ${folder}/cgroup.procs && exec "$0" "$@"`, ...command];
  }

  /** What still holds a process stays. */
  remove(): void {
    for (const folder of this.folders) {
      try {
        rmdirSync(folder);
      } catch {
        // Its last process is still ending: the next test has other names.
      }
    }
  }
}
