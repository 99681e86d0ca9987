import { type DoneBy, limits, type TreeRow } from "@atalaya/wire";
import { storeLimits } from "../core/limits.ts";
import { stepKinds, stepOrigins } from "../pipeline/process-rows.ts";
import type { SeedProcess, TreeSeed } from "../pipeline/tree-seed.ts";
import { type AlertMark, readAlertMarks } from "./alert-marks.ts";
import type { OpenDatabase } from "./node-sqlite.ts";
import { ProcessHistory, type Step } from "./process-history.ts";
import type { EventTables, HubTables } from "./schema.ts";
import { readStartedBy } from "./who-rows.ts";

type Db = OpenDatabase<HubTables>;
type Days = readonly OpenDatabase<EventTables>[];
type Of = { workspaceId: string; alertId: string; seed: TreeSeed };
type Process = { pid: number; startUs: number; steps: readonly Step[] };

/**
 * The process tree of an alert, in the order to draw: the ancestors, the subject, what it started (also after the
 * alert), and its siblings in the same container. One row a program: a process that execs twice has two rows.
 * Kept rows are read when the alert is opened; where there are none, what the alert remembers of its event serves.
 */
export function readTree(db: Db, days: Days, of: Of): TreeRow[] {
  const { cluster, node, boot_id } = of.seed;
  const boots = db.query.selectFrom("boots").select("boot_no").where("workspace_id", "=", of.workspaceId);
  const found = boots.where("cluster", "=", cluster).where("node", "=", node).where("boot_id", "=", boot_id);
  const bootNo = db.row(found)?.boot_no;
  const rows = new TreeWriter(db, new ProcessHistory(days, of.workspaceId, bootNo), of, bootNo).rows();
  return bootNo === undefined ? rows : withDoneBy(db, { workspaceId: of.workspaceId, bootNo }, rows);
}

/** Marks what a session began, and what hangs under it until another line begins. */
function withDoneBy(db: Db, of: { workspaceId: string; bootNo: number }, rows: TreeRow[]): TreeRow[] {
  const started = readStartedBy(db, of, rows);
  if (started.size === 0) return rows;
  const above: { depth: number; doneBy: DoneBy }[] = [];
  return rows.map((row) => {
    while ((above.at(-1)?.depth ?? -1) >= row.depth) above.pop();
    const own = started.get(`${row.pid} ${row.start_us}`);
    if (own !== undefined) above.push({ depth: row.depth, doneBy: own });
    const doneBy = above.at(-1)?.doneBy;
    return doneBy === undefined ? row : { ...row, done_by: doneBy };
  });
}

class TreeWriter {
  readonly #db: Db;
  readonly #history: ProcessHistory;
  readonly #of: Of;
  readonly #bootNo: number | undefined;
  readonly #rows: TreeRow[] = [];
  #visits = 0;

  constructor(db: Db, history: ProcessHistory, of: Of, bootNo: number | undefined) {
    this.#db = db;
    this.#history = history;
    this.#of = of;
    this.#bootNo = bootNo;
  }

  rows(): TreeRow[] {
    const { ancestors, subject } = this.#of.seed;
    const oldestFirst = ancestors.toReversed();
    for (const [depth, one] of oldestFirst.entries()) {
      this.#rows.push(this.#ancestor(one, oldestFirst[depth - 1], depth));
    }
    const parent = ancestors[0];
    const depth = ancestors.length;
    const family = parent === undefined ? [] : this.#family(parent, subject);
    const self = family.find((one) => one.pid === subject.pid && one.startUs === subject.start_us);
    if (self === undefined) this.#subjectWithoutRows(depth);
    for (const one of family) {
      if (one === self) this.#process(one, depth, true);
      // Siblings must leave room for the subject and what it started.
      else if (this.#rows.length < limits.alertTreeRowsMax / 2) this.#process(one, depth, false);
    }
    return this.#rows.slice(0, limits.alertTreeRowsMax);
  }

  /** The parent's children in the subject's container, in the order of their start, those around the subject if many. */
  #family(parent: SeedProcess, subject: SeedProcess): Process[] {
    const all = group(this.#history.children(parent.pid, parent.start_us));
    const isSubject = (one: Process) => one.pid === subject.pid && one.startUs === subject.start_us;
    const container = this.#of.seed.container_id;
    const near = all.filter(
      (one) => isSubject(one) || (container !== "host" && one.steps.some((s) => s.container_id === container)),
    );
    const at = Math.max(0, near.findIndex(isSubject));
    const from = Math.max(0, at - storeLimits.treeChildrenMax / 2);
    return near.slice(from, from + storeLimits.treeChildrenMax);
  }

  #ancestor(one: SeedProcess, parent: SeedProcess | undefined, depth: number): TreeRow {
    const steps = parent === undefined ? [] : this.#history.steps(parent.pid, parent.start_us, one.pid, one.start_us);
    const step = steps.at(-1);
    const row = this.#row(one.pid, one.start_us, depth, {
      name: one.name || (step?.name ?? ""),
      exe_path: one.exe_path || step?.exe_path,
      cmdline: one.cmdline || (step?.cmdline ?? ""),
    });
    return step === undefined ? row : { ...row, ...this.#known(step) };
  }

  /** The kept rows of the subject are gone, or have not come: its event says what it was; its children may be there. */
  #subjectWithoutRows(depth: number): void {
    const { subject, time_us } = this.#of.seed;
    const row = this.#row(subject.pid, subject.start_us, depth, subject);
    row.subject = true;
    row.time_us = time_us;
    if (subject.uid !== null) row.uid = subject.uid;
    if (subject.origin) row.origin = subject.origin;
    this.#rows.push(row);
    for (const child of this.#childrenOf(subject.pid, subject.start_us)) this.#process(child, depth + 1, false);
  }

  #childrenOf(pid: number, startUs: number): Process[] {
    return group(this.#history.children(pid, startUs)).slice(0, storeLimits.treeChildrenMax);
  }

  /** Writes a process' programs, each one deeper than the one it replaced, and under each the children it started. */
  #process(one: Process, depth: number, isSubject: boolean): void {
    if (this.#visits++ >= storeLimits.treeVisitsMax || this.#rows.length >= limits.alertTreeRowsMax) return;
    const programs = programsOf(one.steps);
    const children = this.#childrenOf(one.pid, one.startUs);
    const subjectProgram = isSubject ? programAt(programs, this.#of.seed.time_us) : -1;
    for (const [i, program] of programs.entries()) {
      const next = programs[i + 1]?.time_us ?? Number.POSITIVE_INFINITY;
      const row = {
        ...this.#row(one.pid, one.startUs, depth + i, program, program.time_us, next),
        ...this.#known(program),
      };
      row.subject = i === subjectProgram;
      if (row.subject) this.#fillSubject(row);
      this.#rows.push(row);
      for (const child of children) {
        const at = child.steps[0]?.time_us ?? 0;
        if (at < next && (i === 0 || at >= program.time_us)) this.#process(child, depth + i + 1, false);
      }
    }
  }

  /** The event knows more than a fork's row does. */
  #fillSubject(row: TreeRow): void {
    const { subject } = this.#of.seed;
    if (row.cmdline === "") row.cmdline = subject.cmdline;
    if (row.exe_path === undefined && subject.exe_path !== "") row.exe_path = subject.exe_path;
  }

  #known(step: Step): Partial<TreeRow> {
    const known: Partial<TreeRow> = { time_us: step.time_us };
    const origin = stepOrigins[step.origin];
    if (step.uid !== null) known.uid = step.uid;
    if (origin !== undefined) known.origin = origin;
    return known;
  }

  #row(
    pid: number,
    startUs: number,
    depth: number,
    is: { name: string; exe_path: string | undefined; cmdline: string },
    fromUs = 0,
    untilUs = Number.POSITIVE_INFINITY,
  ): TreeRow {
    const row: TreeRow = { pid, start_us: startUs, depth, name: is.name, cmdline: is.cmdline, subject: false };
    if (is.exe_path) row.exe_path = is.exe_path;
    const ended = this.#history.end(pid, startUs);
    if (ended !== undefined && untilUs === Number.POSITIVE_INFINITY) row.ended_us = ended;
    const marks = this.#marks(pid, startUs).filter(({ timeUs }) => timeUs >= fromUs && timeUs < untilUs);
    if (marks.length > 0) row.alerts = marks.map(({ alert_id, title }) => ({ alert_id, title }));
    return row;
  }

  /** Other alerts about the process. */
  #marks(pid: number, startUs: number): AlertMark[] {
    if (this.#bootNo === undefined) return [];
    return readAlertMarks(this.#db, this.#of.workspaceId, { bootNo: this.#bootNo, pid, startUs }, this.#of.alertId);
  }
}

/** Steps by process, in the order of their first one. */
function group(steps: readonly Step[]): Process[] {
  const byKey = new Map<string, { pid: number; startUs: number; steps: Step[] }>();
  for (const step of steps) {
    const key = `${step.pid} ${step.start_us}`;
    const known = byKey.get(key);
    if (known === undefined) byKey.set(key, { pid: step.pid, startUs: step.start_us, steps: [step] });
    else known.steps.push(step);
  }
  return [...byKey.values()].sort((a, b) => (a.steps[0]?.time_us ?? 0) - (b.steps[0]?.time_us ?? 0));
}

/** The programs that a process ran; a fork without an exec is its parent's program going on. */
function programsOf(steps: readonly Step[]): Step[] {
  const programs = steps.filter((step) => step.kind !== stepKinds.fork);
  return programs.length > 0 ? programs.slice(-storeLimits.treeProgramsMax) : steps.slice(0, 1);
}

/** The program that ran at that time: the last that started before, else the first. */
function programAt(programs: readonly Step[], timeUs: number): number {
  return Math.max(
    0,
    programs.findLastIndex((program) => program.time_us <= timeUs),
  );
}
