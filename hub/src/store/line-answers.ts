import type { DoneBy, PodSession } from "@atalaya/wire";
import { type Line, openDuring, presentAt, type Read } from "../who/presence.ts";
import type { Session } from "../who/session.ts";
import { startKinds } from "../who/start-of-process.ts";
import type { OpenDatabase } from "./node-sqlite.ts";
import { PodNodes } from "./pod-nodes.ts";
import type { AlertEntryTable, HubTables, WhoStartTable } from "./schema.ts";
import { isSessionKept, type PodKey, readOpen } from "./who-rows.ts";
import type { WorkspaceState } from "./workspace-state.ts";

type Db = OpenDatabase<HubTables>;
type Kind = "attach" | "port-forward";
export type LineAnswer = { doneBy: DoneBy[]; origin: Line["origin"] };

/**
 * Who did it, of lines in one pod. Sessions and starts are forgotten sooner than alerts: what was said with them stays,
 * and nothing that is learnt later of others makes it surer than it was.
 */
export class LineAnswers {
  readonly #db: Db;
  readonly #state: WorkspaceState;
  readonly #key: PodKey;
  readonly #nodes: PodNodes;
  /** The sessions of all the lines' time, where they are few enough to be looked through at once. */
  readonly #all: Record<Kind, Read>;

  constructor(db: Db, state: WorkspaceState, key: PodKey, entries: readonly AlertEntryTable[]) {
    this.#db = db;
    this.#state = state;
    this.#key = key;
    this.#nodes = new PodNodes(db, key);
    const window = openDuring({
      firstUs: Math.min(...entries.map((one) => one.first_us)),
      lastUs: Math.max(...entries.map((one) => one.last_us)),
    });
    this.#all = {
      attach: readOpen(db, key, "attach", window),
      "port-forward": readOpen(db, key, "port-forward", window),
    };
  }

  /** Who started the line that raised an alert, and who else was there. */
  of(entry: AlertEntryTable): LineAnswer {
    const node = this.#state.nodeOf(entry.workspace_id, entry.boot_no);
    if (this.#nodes.mayRun(node, entry.last_us) === false) return { doneBy: [], origin: "unknown" };
    const before = JSON.parse(entry.done_by ?? "[]") as DoneBy[];
    const start = entry.pid === 0 ? undefined : this.#start(entry);
    const started = start === undefined ? before.filter(({ how }) => how === "started") : startedBy(start.done_by);
    const origin = start === undefined ? originOf(entry.origin) : originOfStart(start.is_init);
    const { container, first_us: firstUs, last_us: lastUs } = entry;
    const line: Line = { container, firstUs, lastUs, origin, beganUs: start?.time_us };
    const [attach, forward] = [this.#open("attach", line), this.#open("port-forward", line)];
    const forgotten = before.flatMap((one) => this.#forgotten(one, [...attach.sessions, ...forward.sessions]));
    const present = presentAt({ attach, forward, forgotten }, line);
    return { doneBy: [...started, ...present.filter((one) => !isSaid(one, started))], origin };
  }

  #open(kind: Kind, line: Line): Read {
    return this.#all[kind].isWhole ? this.#all[kind] : readOpen(this.#db, this.#key, kind, openDuring(line));
  }

  /** What was said earlier, by those of its sessions that are not kept any more. */
  #forgotten(one: DoneBy, kept: readonly Session[]): DoneBy[] {
    if (one.how === "started") return [];
    const known = new Set(kept.map(({ told }) => nameOf(told)));
    const sessions = one.sessions.filter(
      (told) => !known.has(nameOf(told)) && !isSessionKept(this.#db, this.#key, told),
    );
    return sessions.length === 0 ? [] : [{ ...one, sessions }];
  }

  #start(entry: AlertEntryTable): Pick<WhoStartTable, "is_init" | "done_by" | "time_us"> | undefined {
    const starts = this.#db.query.selectFrom("who_starts").select(["is_init", "done_by", "time_us"]);
    const ofBoot = starts.where("workspace_id", "=", entry.workspace_id).where("boot_no", "=", entry.boot_no);
    return this.#db.row(ofBoot.where("pid", "=", entry.pid).where("start_us", "=", entry.start_us));
  }
}

function startedBy(done_by: string | null): DoneBy[] {
  return done_by === null ? [] : [JSON.parse(done_by) as DoneBy];
}

function originOfStart(kind: number): Line["origin"] {
  if (kind === startKinds.first) return "first";
  if (kind === startKinds.seenFirst) return "first_seen";
  return kind === startKinds.entered ? "entered" : "unknown";
}

function originOf(kept: string | null): Line["origin"] {
  return kept === "first" || kept === "first_seen" || kept === "entered" ? kept : "unknown";
}

const nameOf = (told: PodSession): string => JSON.stringify([told.kind, told.audit_id, told.user, told.received_us]);

/** Whoever started it and is attached to it needs not be named twice. */
function isSaid(one: DoneBy, started: readonly DoneBy[]): boolean {
  const users = started.filter(({ certainty }) => certainty === "known").flatMap(({ sessions }) => sessions);
  return one.sessions.every(({ user }) => users.some((known) => known.user === user));
}
