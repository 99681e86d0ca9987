import { mkdirSync, rmdirSync } from "node:fs";
import { join } from "node:path";
import { cgroupRoot } from "../src/kernel/cgroup-root.ts";

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
