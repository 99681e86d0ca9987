import type { FoundProcess, ProcessPage, ProcessQuery } from "@atalaya/wire";
import { type Selectable, type SelectQueryBuilder, sql } from "kysely";
import { storeLimits } from "../core/limits.ts";
import { stepKinds, stepOrigins } from "../pipeline/process-rows.ts";
import { readAlertMarks } from "./alert-marks.ts";
import { containersOf, factsOf } from "./inventory-row.ts";
import type { OpenDatabase } from "./node-sqlite.ts";
import { ProcessHistory, type Step } from "./process-history.ts";
import { likeText, listed } from "./query-text.ts";
import type { BootTable, EventTables, HubTables } from "./schema.ts";

type Db = OpenDatabase<HubTables>;
type Day = OpenDatabase<EventTables>;
type Boot = Selectable<BootTable>;
/** `inPods`: the containers of the pods that were asked for. */
type Search = ProcessQuery & { inPods: readonly string[] };
/** Where a page ended: at a row, or (`boot` absent) between two stretches of time. Rows before it are next. */
type Cursor = { timeUs: number; boot?: number; pid?: number; startUs?: number };

const dayUs = 86_400_000_000;

/**
 * Searches the programs that processes ran, newest first, a stretch of time after the other, until the page is full, all
 * is searched, or `storeLimits.searchMs` have passed: then the page has what was found, and a cursor to go on with.
 */
export function searchProcesses(db: Db, days: readonly Day[], workspaceId: string, query: ProcessQuery): ProcessPage {
  const boots = readBoots(db, workspaceId, query);
  const limit = query.limit ?? storeLimits.processPageDefault;
  const cursor = parseCursor(query.cursor);
  const until = Math.min(cursor?.timeUs ?? Number.POSITIVE_INFINITY, query.until_us ?? Number.POSITIVE_INFINITY);
  const inPods = listed(query.pod).flatMap((pod) => containersOfPod(db, workspaceId, pod, listed(query.cluster)));
  const walk = new Walk(workspaceId, { ...query, inPods }, boots, limit, cursor);
  for (const day of days.toReversed()) {
    if (!walk.through(day, until, query.since_us ?? 0)) break;
  }
  const found = walk.found.slice(0, limit);
  const page: ProcessPage = {
    processes: found.map((step) => describe(db, days, workspaceId, boots, step)),
    searched_to_us: Math.max(0, Math.round(walk.searchedToUs)),
  };
  const last = found.at(-1);
  if (walk.found.length > limit && last !== undefined) {
    page.next_cursor = [last.time_us, last.boot_no, last.pid, last.start_us].join(".");
    page.searched_to_us = last.time_us;
  } else if (!walk.finished) page.next_cursor = String(page.searched_to_us);
  return page;
}

/** The boots whose processes are looked at: those of the cluster and node that were named, else all. */
function readBoots(db: Db, workspaceId: string, query: ProcessQuery): Map<number, Boot> {
  let found = db.query.selectFrom("boots").selectAll().where("workspace_id", "=", workspaceId);
  const [clusters, nodes] = [listed(query.cluster), listed(query.node)];
  if (clusters.length > 0) found = found.where("cluster", "in", clusters);
  if (nodes.length > 0) found = found.where("node", "in", nodes);
  return new Map(db.rows(found).map((boot) => [boot.boot_no, boot]));
}

/** Ids of the containers of the pods with this name (`shop/web-1`, or the pod's alone), the deleted ones, too, while they are kept. */
function containersOfPod(db: Db, workspaceId: string, pod: string, clusters: readonly string[]): string[] {
  const [name = "", namespace] = pod.split("/", 2).toReversed();
  let pods = db.query.selectFrom("inventory_objects").select("facts").where("workspace_id", "=", workspaceId);
  pods = pods.where("kind", "=", "Pod").where("name", "=", name);
  if (namespace !== undefined) pods = pods.where("namespace", "=", namespace);
  if (clusters.length > 0) pods = pods.where("cluster", "in", clusters);
  const rows = db.rows(pods.orderBy("created_us", "desc").limit(storeLimits.searchedPodsMax));
  return rows.flatMap((row) => containersOf(factsOf(row)).flatMap(({ container_id }) => container_id ?? []));
}

class Walk {
  readonly found: Step[] = [];
  searchedToUs = Date.now() * 1_000;
  finished = true;
  readonly #workspaceId: string;
  readonly #query: Search;
  readonly #boots: ReadonlyMap<number, Boot>;
  readonly #limit: number;
  readonly #cursor: Cursor | undefined;
  readonly #deadline = performance.now() + storeLimits.searchMs;

  constructor(
    workspaceId: string,
    query: Search,
    boots: ReadonlyMap<number, Boot>,
    limit: number,
    cursor: Cursor | undefined,
  ) {
    this.#workspaceId = workspaceId;
    this.#query = query;
    this.#boots = boots;
    this.#limit = limit;
    this.#cursor = cursor;
  }

  /** Goes through one day's rows, newest first; false when the search ends here. */
  through(day: Day, until: number, since: number): boolean {
    const [oldest, newest] = this.#span(day);
    if (oldest === undefined || newest === undefined) return true;
    const floor = Math.max(oldest, since);
    // A file from before there was an index by time is read in whole for each stretch: then one is enough.
    let stretch = hasTimeIndex(day) ? storeLimits.searchStretchUs : dayUs * 2;
    for (let upper = Math.min(newest, until); upper >= floor; ) {
      const started = performance.now();
      const lower = Math.max(floor, upper - stretch);
      this.found.push(...day.rows(this.#rows(day, lower, upper)));
      this.searchedToUs = lower;
      if (this.found.length > this.#limit) return false;
      upper = lower - 1;
      const now = performance.now();
      if (now > this.#deadline) {
        this.finished = false;
        return false;
      }
      if (now - started < storeLimits.searchMs / 8) stretch *= 2;
    }
    return true;
  }

  #span(day: Day): [number | undefined, number | undefined] {
    const of = day.query.selectFrom("process_steps").where("workspace_id", "=", this.#workspaceId);
    const one = (order: "asc" | "desc") => day.row(of.select("time_us").orderBy("time_us", order).limit(1))?.time_us;
    return [one("asc"), one("desc")];
  }

  #rows(day: Day, lower: number, upper: number) {
    const start = day.query
      .selectFrom("process_steps")
      .selectAll()
      .where("workspace_id", "=", this.#workspaceId)
      .where("time_us", ">=", lower)
      .where("time_us", "<=", upper)
      // A fork is its parent's program going on.
      .where("kind", "<>", stepKinds.fork);
    const newestFirst = filtered(after(start, this.#cursor), this.#query, this.#boots)
      .orderBy("time_us", "desc")
      .orderBy("boot_no", "desc")
      .orderBy("pid", "desc")
      .orderBy("start_us", "desc");
    return newestFirst.limit(this.#limit + 1 - Math.min(this.#limit, this.found.length));
  }
}

type Steps = SelectQueryBuilder<EventTables, "process_steps", Step>;

/** Rows that come after the one that the page before ended with. */
function after(start: Steps, cursor: Cursor | undefined): Steps {
  if (cursor === undefined) return start;
  const { timeUs, boot, pid, startUs } = cursor;
  if (boot === undefined || pid === undefined || startUs === undefined) return start.where("time_us", "<", timeUs);
  return start.where(sql<boolean>`(time_us, boot_no, pid, start_us) < (${timeUs}, ${boot}, ${pid}, ${startUs})`);
}

function filtered(start: Steps, query: Search, boots: ReadonlyMap<number, Boot>): Steps {
  let found = start;
  if (query.cluster !== undefined || query.node !== undefined)
    found = found.where("boot_no", "in", [-1, ...boots.keys()]);
  const names = listed(query.name);
  if (names.length > 0) found = found.where("name", "in", names);
  const uids = listed(query.uid).map(Number).filter(Number.isSafeInteger);
  if (query.uid !== undefined && query.uid !== "") found = found.where("uid", "in", [-1, ...uids]);
  const containers = listed(query.container);
  if (containers.length > 0) {
    // A short id, as `docker ps` prints it, is a beginning of the long one.
    found = found.where((is) => is.or(containers.map((one) => is("container_id", "like", `${likeText(one)}%`))));
  }
  if (listed(query.pod).length > 0) found = found.where("container_id", "in", ["-", ...query.inPods]);
  for (const word of (query.q ?? "").split(/\s+/)) {
    if (word === "") continue;
    const like = `%${escaped(word)}%`;
    found = found.where(
      sql<boolean>`(cmdline LIKE ${like} ESCAPE '\\' OR exe_path LIKE ${like} ESCAPE '\\' OR name LIKE ${like} ESCAPE '\\')`,
    );
  }
  return found;
}

function describe(
  db: Db,
  days: readonly Day[],
  workspaceId: string,
  boots: ReadonlyMap<number, Boot>,
  step: Step,
): FoundProcess {
  const boot = boots.get(step.boot_no);
  const found: FoundProcess = {
    ...{ time_us: step.time_us, cluster: boot?.cluster ?? "", node: boot?.node ?? "", boot_id: boot?.boot_id ?? "" },
    ...{ pid: step.pid, start_us: step.start_us, ppid: step.ppid, name: step.name, exe_path: step.exe_path },
    ...{ cmdline: step.cmdline, container_id: step.container_id },
  };
  if (step.uid !== null) found.uid = step.uid;
  const origin = stepOrigins[step.origin];
  if (origin !== undefined) found.origin = origin;
  if (step.kind === stepKinds.snapshot) found.from_snapshot = true;
  const history = new ProcessHistory(days, workspaceId, step.boot_no);
  const later = history.steps(step.ppid, step.parent_start_us, step.pid, step.start_us);
  const isLast = !later.some((one) => one.time_us > step.time_us && one.kind === stepKinds.exec);
  const ended = isLast ? history.end(step.pid, step.start_us) : undefined;
  if (ended !== undefined) found.ended_us = ended;
  const marks = readAlertMarks(db, workspaceId, { bootNo: step.boot_no, pid: step.pid, startUs: step.start_us });
  if (marks.length > 0) found.alerts = marks.map(({ alert_id, title }) => ({ alert_id, title }));
  return found;
}

function hasTimeIndex(day: Day): boolean {
  const known = "SELECT 1 FROM sqlite_master WHERE type = 'index' AND name = 'process_steps_by_time'";
  return day.raw.prepare(known).get() !== undefined;
}

function parseCursor(cursor: string | undefined): Cursor | undefined {
  const parts = /^(\d{1,16})(?:\.(\d{1,12})\.(\d{1,12})\.(\d{1,16}))?$/.exec(cursor ?? "");
  if (parts === null) return undefined;
  const timeUs = Number(parts[1]);
  if (parts[2] === undefined) return { timeUs };
  return { timeUs, boot: Number(parts[2]), pid: Number(parts[3]), startUs: Number(parts[4]) };
}

const escaped = (text: string): string => text.replace(/[\\%_]/g, "\\$&");
