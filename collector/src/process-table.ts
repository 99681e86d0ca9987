import { limits } from "@atalaya/wire";
import type { Container } from "./containers.ts";
import type { Counters } from "./counters.ts";
import { isContainer, keptIn, mayAdopt, nowhere, placeOf } from "./entry-point.ts";
import { exeOriginOf } from "./exe-origin.ts";
import { forgetOldest } from "./forget-oldest.ts";
import { ImageCopies } from "./image-copies.ts";
import { microsecondsPerTick as tickUs } from "./kernel/proc-snapshot.ts";
import type { ExecRecord, KernelRecord, Task } from "./kernel-record.ts";
import { collectorLimits } from "./limits.ts";
import { columnsOf, type Lineage, lineBelow, lineOf, type Program, unknownParent } from "./lineage.ts";
import { bornFrom, type ProcessEntry } from "./process-entry.ts";
import { redactArgv } from "./redact.ts";
import { ScriptOrigins } from "./script-origins.ts";

/**
 * Every process that runs or has just ended, by pid and start time. A child keeps the programs of its ancestors as they
 * were when it was born, so nothing is lost when they end and nothing is kept for longer than its descendants.
 */
export class ProcessTable {
  readonly #entries = new Map<number, ProcessEntry>();
  readonly #ended: ProcessEntry[] = [];
  /** Earlier bearers of a pid whose records come after its present one was met: by pid and start time. */
  readonly #late = new Map<string, ProcessEntry>();
  /** Processes of the snapshot whose birth was read after it: what they were then, in case an exec is missing. */
  #bornAfter: { entry: ProcessEntry; seen: ProcessEntry }[] = [];
  #seededUs = 0;
  #endedFrom = 0;
  readonly #counters: Counters;
  readonly #max: number;
  readonly #copies: ImageCopies;
  readonly #scripts: ScriptOrigins;

  constructor(
    counters: Counters,
    max: number = collectorLimits.processesMax,
    copies: ImageCopies = new ImageCopies(counters, "/"),
  ) {
    this.#counters = counters;
    this.#max = max;
    this.#copies = copies;
    this.#scripts = new ScriptOrigins(counters, copies.hostRoot);
  }

  /** Of the process that has that number on the node, or had it last; where its start is known, of no other. */
  cmdlineOf(pid: number, startUs?: number): string | undefined {
    const entry = startUs === undefined ? this.#entries.get(pid) : this.#bearer(pid, startUs);
    return entry?.program.cmdline;
  }

  get size(): number {
    return this.#entries.size;
  }

  /** What ran before the first event. Parents may come after their children. */
  seed(snapshot: readonly KernelRecord[]): void {
    for (const record of snapshot) {
      if (record.kind !== "snapshot") continue;
      const entry = this.#insert(record.task);
      this.#setProgram(entry, record);
      entry.fromSnapshot = true;
      this.#seededUs = Math.max(this.#seededUs, record.bootUs);
    }
    for (const record of snapshot) {
      const entry = this.#entries.get(record.task.pid);
      if (entry !== undefined) this.#ancestorsOf(entry, record.task);
    }
  }

  /** Where the processes of the snapshot are. Of two in one container the parent may have taken the child over. */
  seedPlaces(snapshot: readonly KernelRecord[], containerOf: (task: Task) => Container): void {
    const met = new Map<ProcessEntry, Met>();
    for (const { task } of snapshot) {
      const entry = this.#entries.get(task.pid);
      if (entry === undefined) continue;
      entry.place = nowhere;
      met.set(entry, { here: containerOf(task), task });
    }
    const placed = new Set<ProcessEntry>();
    for (const entry of met.keys()) this.#seedPlace(entry, met, placed);
  }

  #seedPlace(entry: ProcessEntry, met: ReadonlyMap<ProcessEntry, Met>, placed: Set<ProcessEntry>, depth = 0): void {
    const its = met.get(entry);
    if (its === undefined || placed.has(entry) || depth > collectorLimits.seedDepthMax) return;
    placed.add(entry);
    const parent = this.#entries.get(entry.parentPid);
    if (parent === undefined || parent === entry) {
      this.within(entry, its.here, its.task);
      return;
    }
    this.#seedPlace(parent, met, placed, depth + 1);
    const isSure = !mayAdopt(parent);
    entry.above = { ...parent.place, isSure };
    entry.home = isSure ? parent.home : null;
    // Where its program was started is not told. It may have gone into the container's namespace since: its parent has not.
    this.within(entry, its.here, met.get(parent)?.task ?? its.task);
  }

  /** The process was met in that container, by its control group; gives the one that it is in. */
  within(entry: ProcessEntry, met: Container, { mntNs }: Pick<Task, "mntNs">): Container {
    const container = keptIn(entry.home, met);
    if (isContainer(container)) entry.home = container;
    if (container.id === "host") entry.outsideMntNs ??= mntNs;
    if (entry.place.containerId !== container.id) entry.place = placeOf(entry, container.id, entry.above);
    return container;
  }

  /** The container whose process it is; null for the host's, and where it is not known. */
  homeOf(task: Task): Container | null {
    return (this.#find(task) ?? this.#parent(task))?.home ?? null;
  }

  /**
   * Puts right what lost records left wrong, once all that came before `snapshot` was taken in: who was never told of is there
   * then, who ran another program has it, and who is not among them has ended. Gives the tasks that are new, and how many
   * entries were wrong.
   */
  heal(snapshot: readonly KernelRecord[]): { born: KernelRecord[]; wrong: number } {
    const born: KernelRecord[] = [];
    const seen = new Set<ProcessEntry>();
    let [wrong, takenUs] = [0, Number.POSITIVE_INFINITY];
    for (const record of snapshot) {
      if (record.kind !== "snapshot") continue;
      takenUs = Math.min(takenUs, record.bootUs);
      const known = this.#findSeen(record.task);
      const entry = known ?? this.#insert(record.task);
      seen.add(entry);
      const isOlder = known !== undefined && (known.execUs ?? 0) > record.bootUs;
      if (known !== undefined && (isOlder || known.exePath === record.exePath)) continue;
      this.#setProgram(entry, record);
      entry.execUs = null;
      entry.fromSnapshot = true;
      wrong += 1;
      if (known === undefined) born.push(record);
    }
    for (const { task } of born) {
      const entry = this.#find(task);
      if (entry !== undefined) this.#ancestorsOf(entry, task);
    }
    return { born, wrong: wrong + this.#endAllBut(seen, takenUs) };
  }

  #endAllBut(alive: ReadonlySet<ProcessEntry>, takenUs: number): number {
    let ended = 0;
    for (const entry of this.#entries.values()) {
      if (entry.endedUs !== null || alive.has(entry) || !(entry.startUs < takenUs - snapshotSlackUs)) continue;
      entry.endedUs = takenUs;
      this.#ended.push(entry);
      ended += 1;
    }
    return ended;
  }

  /** Takes a record in and gives its process; records of one process come in order. */
  apply(record: KernelRecord): ProcessEntry {
    if (this.#bornAfter.length > 0 && record.bootUs > this.#seededUs) this.#endBacklog();
    const known = this.#find(record.task);
    const entry = known === undefined ? this.#insert(record.task, makerOf(record)) : this.#atBirth(known, record);
    if (record.kind === "exec" && record.blocked === "refused") return this.#wouldBe({ ...entry }, record);
    if (record.kind === "exec") {
      this.#setProgram(entry, record);
      entry.execUs = record.bootUs;
      entry.fromSnapshot = false;
    } else if (record.kind === "exit" && entry.endedUs === null) {
      entry.endedUs = record.bootUs;
      this.#ended.push(entry);
    }
    if (entry.ancestors === null) this.#ancestorsOf(entry, record.task);
    return entry;
  }

  /** The process as it would be now had the kernel not refused its exec: it stays what it was. */
  #wouldBe(entry: ProcessEntry, record: ExecRecord): ProcessEntry {
    this.#ancestorsOf(entry, record.task);
    this.#setProgram(entry, record);
    return Object.assign(entry, { execUs: record.bootUs, fromSnapshot: false });
  }

  lineage(entry: ProcessEntry, task: Task): Lineage {
    return columnsOf(entry.ancestors ?? lineOf(task.ppid === 0 ? [] : [unknownParent(task)]));
  }

  /** Forgets processes that ended longer ago than the grace. */
  reap(nowBootUs: number): void {
    const { endedMax, exitGraceUs, exitGraceCrowdedUs } = collectorLimits;
    while (this.#endedFrom < this.#ended.length) {
      const entry = this.#ended[this.#endedFrom] as ProcessEntry;
      const graceUs = this.#ended.length - this.#endedFrom > endedMax ? exitGraceCrowdedUs : exitGraceUs;
      if ((entry.endedUs ?? 0) > nowBootUs - graceUs) break;
      this.#forgetNextEnded();
    }
    if (this.#endedFrom > 1_024 && this.#endedFrom * 2 > this.#ended.length) {
      this.#ended.splice(0, this.#endedFrom);
      this.#endedFrom = 0;
    }
  }

  #find(task: Task): ProcessEntry | undefined {
    const entry = this.#entries.get(task.pid);
    if (entry === undefined || entry.startUs === task.startUs) return entry;
    // A snapshot from /proc knows the start in clock ticks; the kernel's own records know it exactly.
    if (entry.fromSnapshot && Math.abs(entry.startUs - task.startUs) <= tickUs) {
      entry.startUs = task.startUs;
      entry.program.startUs = task.startUs;
      entry.below = null;
      return entry;
    }
    return this.#late.size === 0 ? undefined : this.#late.get(`${task.pid} ${task.startUs}`);
  }

  /** Of a task of a snapshot: one from /proc knows a start that was told exactly only in clock ticks. */
  #findSeen(task: Task): ProcessEntry | undefined {
    const entry = this.#entries.get(task.pid);
    const isSame = entry?.endedUs === null && entry.startUs - (entry.startUs % tickUs) === task.startUs;
    return isSame ? entry : this.#find(task);
  }

  /**
   * A record from before the snapshot (it lay in a ring while nobody read) tells of a birth: from here on the process
   * is what its records say, and its ancestors are those that it had then, not who took it over since.
   */
  #atBirth(known: ProcessEntry, record: KernelRecord): ProcessEntry {
    if (record.kind !== "fork" || !known.fromSnapshot || record.bootUs > this.#seededUs) return known;
    const entry = this.#born(record.task, makerOf(record));
    this.#entries.set(entry.pid, entry);
    this.#bornAfter.push({ entry, seen: known });
    return entry;
  }

  /** The records have caught up with the snapshot: whose exec was not among them is what the snapshot saw. */
  #endBacklog(): void {
    for (const { entry, seen } of this.#bornAfter) {
      const ranItsOwn = entry.execUs !== null && entry.execUs > entry.startUs;
      if (ranItsOwn || entry.endedUs !== null || entry.exePath === seen.exePath) continue;
      const { program, argv, exePath, cwd, exeUpperLayer, exeMemfd, exeDeleted, exeOrigin, exeFile } = seen;
      Object.assign(entry, { program, argv, exePath, cwd, exeUpperLayer, exeMemfd, exeDeleted, exeOrigin, exeFile });
      entry.outsideMntNs = seen.outsideMntNs;
      entry.fromSnapshot = true;
      entry.execUs = null;
    }
    this.#bornAfter = [];
  }

  #insert(task: Task, maker?: Maker): ProcessEntry {
    const there = this.#entries.get(task.pid);
    const entry = this.#born(task, maker);
    // A late record of the pid's last bearer does not push out the present one.
    if (there !== undefined && there.startUs > task.startUs) {
      if (this.#late.size >= collectorLimits.lateProcessesMax) this.#late.clear();
      this.#late.set(`${task.pid} ${task.startUs}`, entry);
      return entry;
    }
    if (there !== undefined) this.#entries.delete(task.pid);
    else if (this.#entries.size >= this.#max) this.#makeRoom();
    this.#entries.set(task.pid, entry);
    return entry;
  }

  /** What it is at its birth (`maker`: its fork was seen) is its maker's, also where that one gave it another parent. */
  #born(task: Task, maker?: Maker): ProcessEntry {
    const parent = this.#parent(task);
    const isParent = maker === undefined || maker.pid === 0 || maker.pid === task.ppid;
    const image = isParent ? parent : this.#bearer(maker.pid, maker.startUs);
    return bornFrom(task, { parent, image, birthSeen: maker !== undefined });
  }

  #parent(task: Task): ProcessEntry | undefined {
    return task.ppid === task.pid ? undefined : this.#bearer(task.ppid, task.parentStartUs);
  }

  #bearer(pid: number, startUs: number): ProcessEntry | undefined {
    const found = this.#entries.get(pid);
    if (found === undefined) return undefined;
    const exact = found.startUs === startUs;
    return exact || (found.fromSnapshot && Math.abs(found.startUs - startUs) <= tickUs) ? found : undefined;
  }

  #ancestorsOf(entry: ProcessEntry, task: Task): void {
    if (entry.ancestors !== null) return;
    const chain: Program[] = [];
    let parent = this.#parent(task);
    if (parent === undefined) {
      if (task.ppid === 0) entry.ancestors = lineOf([]);
      return;
    }
    if (parent.ancestors !== null) {
      entry.ancestors = lineBelow(parent, parent.ancestors);
      return;
    }
    // In a snapshot the parent's own parent may not have been looked up yet: walk with what the entries remember.
    while (parent !== undefined && chain.length < limits.ancestorsMax) {
      chain.push(parent.program);
      parent = this.#entries.get(parent.parentPid);
    }
    entry.ancestors = lineOf(chain);
  }

  #setProgram(entry: ProcessEntry, record: ExecRecord): void {
    const clean = redactArgv(record.argv);
    const env = redactArgv(record.env ?? []);
    this.#counters.add("process", "redacted", clean.redacted + env.redacted);
    entry.argv = clean.argv;
    entry.env = env.argv.length === 0 ? null : env.argv;
    entry.capPermitted = record.capPermitted;
    entry.exePath = record.exePath;
    entry.cwd = record.cwd;
    this.#copies.started(record);
    const isCopy = record.lower !== null && this.#copies.holds(record, viewersOf(entry, record.task));
    entry.exeUpperLayer = record.exeUpperLayer && !isCopy;
    entry.exeOrigin = exeOriginOf(record, isCopy);
    const { exeDevice: device, task } = record;
    entry.scriptOrigin = this.#scripts.of(record, () => [...viewersOf(entry, task), ...this.#copies.residents(device)]);
    const wasOutside = entry.outsideMntNs !== null;
    if (!isItselfAgain(entry, record)) entry.outsideMntNs = null;
    entry.isFirstInside = wasOutside && entry.outsideMntNs === null;
    entry.exeFile = { inode: record.exeInode, device: record.exeDevice };
    entry.exeMemfd = record.exeMemfd;
    entry.exeDeleted = record.exeDeleted;
    entry.program = {
      pid: entry.pid,
      startUs: entry.startUs,
      name: record.task.comm,
      exePath: record.exePath,
      cmdline: cmdlineOf(clean.argv),
    };
  }

  #makeRoom(): void {
    this.#counters.add("process", "table_evicted");
    while (this.#endedFrom < this.#ended.length && this.#entries.size >= this.#max) this.#forgetNextEnded();
    if (this.#entries.size < this.#max) return;
    forgetOldest(this.#entries);
  }

  #forgetNextEnded(): void {
    const entry = this.#ended[this.#endedFrom++] as ProcessEntry;
    if (this.#entries.get(entry.pid) === entry) this.#entries.delete(entry.pid);
  }
}

/** A process that began so shortly before a snapshot may not be in it. */
const snapshotSlackUs = 1_000_000;

/** A process of the snapshot, and the container of its control group. */
type Met = { here: Container; task: Task };

/** Who called for a process to be made. */
type Maker = { pid: number; startUs: number };

function makerOf(record: KernelRecord): Maker | undefined {
  return record.kind === "fork" ? { pid: record.makerPid, startUs: record.makerStartUs } : undefined;
}

/**
 * Whether a runtime starts itself again, from a copy in memory or by another mount of its file, as runc does: it may be in
 * the control group of the container already then. What it looks up is not the container's yet, by the mount namespace.
 */
function isItselfAgain({ outsideMntNs, exeFile }: ProcessEntry, record: ExecRecord): boolean {
  if (outsideMntNs === null || outsideMntNs !== record.task.mntNs) return false;
  return record.exeMemfd || (exeFile?.inode === record.exeInode && exeFile.device === record.exeDevice);
}

/** By whom the root of its container may be seen, best first. */
function viewersOf(entry: ProcessEntry, task: Task): number[] {
  return [entry.pid, task.ppid, ...(entry.ancestors?.programs ?? []).map((program) => program.pid)];
}

function cmdlineOf(argv: readonly string[]): string {
  const text = argv.join(" ");
  return text.length <= collectorLimits.cmdlineLengthMax
    ? text
    : `${text.slice(0, collectorLimits.cmdlineLengthMax - 1)}…`;
}
