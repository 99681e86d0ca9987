// The kernel side under test: built, opened once in this process, and asked until what is awaited has come.
import { execFileSync, spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { emptyFilterPlan, type FilterPlan } from "@atalaya/wire";
import { buildCollector } from "../build.mjs";
import { fileChanges } from "../src/file-changes.ts";
import { openKernel } from "../src/kernel/open-kernel.ts";
import type { KernelRecord } from "../src/kernel-record.ts";
import type { OpenedKernel } from "../src/kernel-source.ts";
import { rareCalls } from "../src/rare-calls.ts";

export const root = dirname(dirname(dirname(fileURLToPath(import.meta.url))));
export const objectFolder = join(root, "build", "collector");
const patienceMs = 5_000;
/** What has not come by then, with a hook switched off, does not come: records are there before the call returns. */
const patienceWithoutMs = 150;
const pauseMs = 5;

/** Asks for all that there are programs for. */
export const everything: FilterPlan = {
  ...emptyFilterPlan,
  version: 1,
  dns_domains: ["."],
  open_names: ["watched-name"],
  calls: [
    ...["dup", "bind", "listen", "accept", "socket", "unix_connect", "connect_failed", "receive", "dns_answer"],
    ...["sensor_signal", "sensor_bpf", "cgroup_move", "exec_env"],
    ...rareCalls,
    ...fileChanges,
  ],
};

/** Until only what is asked for hangs. */
export function takeOffAll(source: Pick<OpenedKernel, "takeOff">): void {
  while (!source.takeOff()) {
    // One after the other.
  }
}

type RunOptions = { uid?: number; cwd?: string; input?: Buffer; env?: Readonly<Record<string, string>> };
export type Kind = KernelRecord["kind"];
export type RecordOf<K extends Kind> = KernelRecord & { kind: K };

/** What became of all that was attempted: each event is one of these, so that their sum is `attempted`. */
export const countedParts = [
  "submitted",
  "ring_full",
  "filtered",
  "scratch_busy",
  "unread",
  "throttled",
  "repeated",
  "unrecorded",
];

/** What was awaited was not among the kernel's records. */
export class NotSeen extends Error {}

export class KernelWatch {
  readonly source: OpenedKernel;
  readonly folder = mkdtempSync(join(tmpdir(), "atalaya-kernel-"));
  /** test/programs/acts.c, compiled. */
  readonly acts: string;
  readonly records: KernelRecord[] = [];
  undecodable = 0;
  #patienceMs = patienceMs;

  private constructor() {
    this.acts = join(this.folder, "acts");
    const program = join(root, "collector", "test", "programs", "acts.c");
    execFileSync("gcc", ["-O2", "-Wall", "-Werror", "-D_GNU_SOURCE", "-static", program, "-o", this.acts]);
    // Our own process reads files and runs tests: its events would only be in the way.
    this.source = openKernel({ objectFolder, ignorePids: [process.pid] });
  }

  static async open(plan: Partial<FilterPlan> = {}): Promise<KernelWatch> {
    await buildCollector({ root, log: () => undefined });
    const watch = new KernelWatch();
    watch.setPlan(plan);
    return watch;
  }

  setPlan(plan: Partial<FilterPlan>): void {
    this.source.setFilterPlan({ ...emptyFilterPlan, version: 1, ...plan });
    takeOffAll(this.source);
  }

  close(): void {
    this.source.close();
    rmSync(this.folder, { recursive: true, force: true });
  }

  makeFolder(name: string): string {
    const path = join(this.folder, name);
    mkdirSync(path, { recursive: true });
    return path;
  }

  /** Runs to its end; gives process id, exit status and output. */
  run(file: string, args: string[], options: RunOptions = {}) {
    const { pid, status, stdout, stderr, error } = spawnSync(file, args, { encoding: "utf8", ...options });
    if (error !== undefined) throw error;
    return { pid, status, stdout, stderr };
  }

  /** Does it while those programs hang on nothing. */
  async without<T>(programs: readonly string[], act: () => Promise<T>): Promise<T> {
    for (const program of programs) this.source.switchHook(program, false);
    this.#patienceMs = patienceWithoutMs;
    try {
      return await act();
    } finally {
      this.#patienceMs = patienceMs;
      for (const program of programs) this.source.switchHook(program, true);
    }
  }

  act(...args: string[]) {
    return this.run(this.acts, args);
  }

  drain(): void {
    for (const ring of ["lifecycle", "bulk"] as const) {
      for (let isEmpty = false; !isEmpty; ) {
        const { records, next, undecodable } = this.source.drain(ring);
        this.records.push(...records);
        this.undecodable += undecodable.length;
        this.source.release(ring, next);
        isEmpty = records.length === 0;
      }
    }
  }

  of<K extends Kind>(kind: K, is: (record: RecordOf<K>) => boolean): RecordOf<K>[] {
    const ofKind = (record: KernelRecord): record is RecordOf<K> => record.kind === kind;
    return this.records.filter(ofKind).filter(is);
  }

  /** The first record of the kind that is what is awaited. Throws after 5 s. */
  async first<K extends Kind>(kind: K, is: (record: RecordOf<K>) => boolean): Promise<RecordOf<K>> {
    for (const endMs = performance.now() + this.#patienceMs; performance.now() < endMs; ) {
      this.drain();
      const [found] = this.of(kind, is);
      if (found !== undefined) return found;
      await new Promise((resolve) => setTimeout(resolve, pauseMs));
    }
    throw new NotSeen(`no such ${kind} record among ${this.records.length} within ${this.#patienceMs} ms`);
  }

  count(className: string, reason: string): number {
    const found = this.source.counters().find((one) => one.class === className && one.reason === reason);
    if (found === undefined) throw new Error(`no counter ${className} ${reason}`);
    return found.value;
  }
}
