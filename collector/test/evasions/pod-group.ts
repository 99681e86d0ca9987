import { mkdirSync, rmdirSync } from "node:fs";
import { join } from "node:path";
import { cgroupRoot } from "../../src/kernel/cgroup-root.ts";

/** A control group of version 2 with a path as the kubelet and containerd make it, in a folder of its own. */
export class PodGroup {
  readonly containerId: string;
  readonly folder: string;
  readonly #made: string[] = [];

  /** `id`: what the container's begins with, in hexadecimal. */
  constructor(name: string, id = "c0ffee") {
    const mount = PodGroup.root();
    this.containerId = id.padEnd(64, "0");
    const pod = "pod0b1d5c3e-0000-4000-8000-000000000000";
    this.folder = this.#make(mount, `${name}-${process.pid}`, "kubepods", pod, this.containerId);
  }

  /** The host's own group. */
  static root(): string {
    const mount = cgroupRoot();
    if (mount === undefined) throw new Error("no cgroup v2 is mounted");
    return mount;
  }

  /** A group below the container's. */
  below(...names: string[]): string {
    return this.#make(this.folder, ...names);
  }

  /** A shell's words that put it into the group. */
  static enter(folder: string): string {
    return `echo $$ > ${folder}/cgroup.procs`;
  }

  remove(): void {
    for (const folder of this.#made.reverse()) {
      try {
        rmdirSync(folder);
      } catch {
        // It was removed, or its last process is still ending: the next test has another name.
      }
    }
  }

  #make(start: string, ...names: string[]): string {
    let folder = start;
    for (const name of names) {
      folder = join(folder, name);
      mkdirSync(folder, { recursive: true });
      this.#made.push(folder);
    }
    return folder;
  }
}
