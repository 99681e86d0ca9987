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

  /** `requestedCpus`: what it gets of processors that all want (the kubelet's MilliCPUToShares); as any group where it is left out. */
  constructor(name: string, memoryBytes: number, cpus: number, requestedCpus?: number) {
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
    if (requestedCpus !== undefined) this.#weigh(Math.max(2, Math.floor(requestedCpus * 1024)));
  }

  #weigh(shares: number): void {
    if (this.#isOne) this.#write("cpu", "cpu.shares", shares);
    // From 2..262144 to 1..10000, as runtimes did it at first (opencontainers/cgroups, ConvertCPUSharesToCgroupV2Value).
    else this.#write("cpu", "cpu.weight", 1 + Math.floor(((shares - 2) * 9999) / 262142));
  }

  /** What comes before a command line, so that the command is in the group from its first instruction on. */
  get enter(): readonly string[] {
    const enter = this.#folders.map((folder) => `echo $$ > ${join(folder, "cgroup.procs")}`).join(" && ");
    return ["sh", "-c", `${enter} && exec "$0" "$@"`];
  }

  /** A process that runs already, with all its threads; what it was charged before is not this group's. */
  take(pid: number): void {
    for (const folder of this.#folders) writeFileSync(join(folder, "cgroup.procs"), `${pid}`);
  }

  figures(): GroupFigures {
    return readGroup(this.#folders);
  }

  /** The group must be empty. What is pinned and was charged to it stays charged to its parent. */
  remove(): void {
    for (const folder of this.#folders) rmdirSync(folder);
  }

  #write(controller: string, file: string, value: string | number): void {
    writeFileSync(join(folderOf(this.#folders, controller), file), String(value));
  }
}

/** What a group was charged, by its folders: one of each hierarchy, or the one of version 2. */
export function readGroup(folders: readonly string[]): GroupFigures {
  const isOne = folders.some((folder) => folder.startsWith(`${cgroups}/memory/`));
  const number = (controller: string, file: string) =>
    Number(readFileSync(join(folderOf(folders, controller), file), "utf8"));
  const table = (controller: string, file: string) => tableOf(join(folderOf(folders, controller), file));
  const stat = table("memory", "memory.stat");
  const cpu = table("cpu", "cpu.stat");
  const periods = { periods: cpu.get("nr_periods") ?? 0, throttledPeriods: cpu.get("nr_throttled") ?? 0 };
  if (isOne) {
    return {
      memoryMaxBytes: number("memory", "memory.max_usage_in_bytes"),
      memoryBytes: number("memory", "memory.usage_in_bytes"),
      cacheBytes: stat.get("total_cache") ?? 0,
      kernelBytes: number("memory", "memory.kmem.usage_in_bytes"),
      oomKills: table("memory", "memory.oom_control").get("oom_kill") ?? 0,
      cpuUs: number("cpuacct", "cpuacct.usage") / 1000,
      ...periods,
    };
  }
  return {
    memoryMaxBytes: number("memory", "memory.peak"),
    memoryBytes: number("memory", "memory.current"),
    cacheBytes: stat.get("file") ?? 0,
    kernelBytes: stat.get("kernel") ?? 0,
    oomKills: table("memory", "memory.events").get("oom_kill") ?? 0,
    cpuUs: cpu.get("usage_usec") ?? 0,
    ...periods,
  };
}

function folderOf(folders: readonly string[], controller: string): string {
  const found = folders.find((folder) => folder.startsWith(`${cgroups}/${controller}/`)) ?? folders[0];
  if (found === undefined) throw new Error(`no group for ${controller}`);
  return found;
}

function tableOf(file: string): Map<string, number> {
  const lines = readFileSync(file, "utf8").trim().split("\n");
  return new Map(lines.map((line) => line.split(" ")).map(([name, value]) => [String(name), Number(value)]));
}
