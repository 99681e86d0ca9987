import { existsSync, mkdirSync, readFileSync, rmdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";

const cgroups = "/sys/fs/cgroup";
const periodUs = 100_000;

export type GroupFigures = {
  /** Charged, page cache and the kernel's memory (BPF maps too) included. */
  memoryMaxBytes: number;
  memoryBytes: number;
  /** Of it: what can be given back at any time (page cache). */
  cacheBytes: number;
  kernelBytes: number;
  oomKills: number;
  cpuUs: number;
  periods: number;
  throttledPeriods: number;
};

/**
 * A control group with exactly so much memory and processor time, and no swap, as the kubelet makes it of a pod's
 * limits; version 1 and 2 (Documentation/admin-guide/cgroup-v1/memory.rst, cgroup-v2.rst). Needs root.
 */
export class LimitedGroup {
  readonly #folders: readonly string[];
  readonly #isOne: boolean;

  constructor(name: string, memoryBytes: number, cpus: number) {
    this.#isOne = existsSync(join(cgroups, "memory"));
    const controllers = this.#isOne ? ["memory", "cpu", "cpuacct"] : ["."];
    this.#folders = controllers.map((controller) => join(cgroups, controller, name));
    for (const folder of this.#folders) mkdirSync(folder, { recursive: true });
    const quotaUs = Math.round(cpus * periodUs);
    if (this.#isOne) {
      this.#write("memory", "memory.limit_in_bytes", memoryBytes);
      this.#write("memory", "memory.swappiness", 0);
      this.#write("cpu", "cpu.cfs_period_us", periodUs);
      this.#write("cpu", "cpu.cfs_quota_us", quotaUs);
    } else {
      writeFileSync(join(cgroups, "cgroup.subtree_control"), "+memory +cpu");
      this.#write("memory", "memory.max", memoryBytes);
      this.#write("memory", "memory.swap.max", 0);
      this.#write("cpu", "cpu.max", `${quotaUs} ${periodUs}`);
    }
  }

  /** What comes before a command line, so that the command is in the group from its first instruction on. */
  get enter(): readonly string[] {
    const enter = this.#folders.map((folder) => `echo $$ > ${join(folder, "cgroup.procs")}`).join(" && ");
    return ["sh", "-c", `${enter} && exec "$0" "$@"`];
  }

  figures(): GroupFigures {
    return this.#isOne ? this.#figuresOfOne() : this.#figuresOfTwo();
  }

  /** The group must be empty. What is pinned and was charged to it stays charged to its parent. */
  remove(): void {
    for (const folder of this.#folders) rmdirSync(folder);
  }

  #figuresOfOne(): GroupFigures {
    const stat = this.#table("memory", "memory.stat");
    const cpu = this.#table("cpu", "cpu.stat");
    return {
      memoryMaxBytes: this.#number("memory", "memory.max_usage_in_bytes"),
      memoryBytes: this.#number("memory", "memory.usage_in_bytes"),
      cacheBytes: stat.get("total_cache") ?? 0,
      kernelBytes: this.#number("memory", "memory.kmem.usage_in_bytes"),
      oomKills: this.#table("memory", "memory.oom_control").get("oom_kill") ?? 0,
      cpuUs: this.#number("cpuacct", "cpuacct.usage") / 1000,
      periods: cpu.get("nr_periods") ?? 0,
      throttledPeriods: cpu.get("nr_throttled") ?? 0,
    };
  }

  #figuresOfTwo(): GroupFigures {
    const stat = this.#table("memory", "memory.stat");
    const cpu = this.#table("cpu", "cpu.stat");
    return {
      memoryMaxBytes: this.#number("memory", "memory.peak"),
      memoryBytes: this.#number("memory", "memory.current"),
      cacheBytes: stat.get("file") ?? 0,
      kernelBytes: stat.get("kernel") ?? 0,
      oomKills: this.#table("memory", "memory.events").get("oom_kill") ?? 0,
      cpuUs: cpu.get("usage_usec") ?? 0,
      periods: cpu.get("nr_periods") ?? 0,
      throttledPeriods: cpu.get("nr_throttled") ?? 0,
    };
  }

  #folder(controller: string): string {
    const found = this.#folders.find((folder) => folder.startsWith(`${cgroups}/${controller}/`)) ?? this.#folders[0];
    if (found === undefined) throw new Error(`no group for ${controller}`);
    return found;
  }

  #write(controller: string, file: string, value: string | number): void {
    writeFileSync(join(this.#folder(controller), file), String(value));
  }

  #number(controller: string, file: string): number {
    return Number(readFileSync(join(this.#folder(controller), file), "utf8"));
  }

  #table(controller: string, file: string): Map<string, number> {
    const lines = readFileSync(join(this.#folder(controller), file), "utf8")
      .trim()
      .split("\n");
    return new Map(lines.map((line) => line.split(" ")).map(([name, value]) => [String(name), Number(value)]));
  }
}
