import { whoLimits } from "../who/limits.ts";
import type { Window } from "../who/session.ts";
import type { OpenDatabase } from "./node-sqlite.ts";
import type { HubTables } from "./schema.ts";
import { mergedWindows, type PodKey } from "./who-rows.ts";

type Db = OpenDatabase<HubTables>;
/** A pod to be looked at, and when what is to be judged again there may have started. */
export type TouchedPod = { key: PodKey; windows: Window[] };

/**
 * Pods that wait for their join, each once, with all that is to be judged of it. They are kept with the commit that made
 * them wait: a start of the hub or a commit that fails loses none.
 */
export class WaitingPods {
  readonly #db: Db;
  #count = 0;

  constructor(db: Db) {
    this.#db = db;
    this.reload();
  }

  /** After a commit that failed: what it changed did not happen. */
  reload(): void {
    const rows = this.#db.query.selectFrom("who_waiting").select((of) => of.fn.countAll<number>().as("n"));
    this.#count = this.#db.row(rows)?.n ?? 0;
  }

  /** Puts it among those that wait; false where there are as many as may: then it is looked at when something new is known of it. */
  add({ key, windows }: TouchedPod): boolean {
    const known = this.#take(key);
    if (known === undefined && this.#count >= whoLimits.podsWaitingMax) return false;
    const { workspaceId: workspace_id, cluster, namespace, pod } = key;
    const all = JSON.stringify(fewWindows([...(known ?? []), ...windows]));
    this.#db.run(
      this.#db.query.insertInto("who_waiting").values({ workspace_id, cluster, namespace, pod, windows: all }),
    );
    this.#count += 1;
    return true;
  }

  /** The pod with what it waited for, which it does not any more. */
  withWaiting({ key, windows }: TouchedPod): TouchedPod {
    return { key, windows: [...windows, ...(this.#take(key) ?? [])] };
  }

  /** Takes those that wait longest. */
  next(max: number): TouchedPod[] {
    if (this.#count === 0 || max <= 0) return [];
    const oldest = this.#db.query.selectFrom("who_waiting").selectAll().orderBy("waiting_no").limit(max);
    return this.#db.rows(oldest).map(({ workspace_id: workspaceId, cluster, namespace, pod }) => {
      return this.withWaiting({ key: { workspaceId, cluster, namespace, pod }, windows: [] });
    });
  }

  #take({ workspaceId, cluster, namespace, pod }: PodKey): Window[] | undefined {
    if (this.#count === 0) return undefined;
    const waiting = this.#db.query.selectFrom("who_waiting").selectAll().where("workspace_id", "=", workspaceId);
    const ofCluster = waiting.where("cluster", "=", cluster);
    const row = this.#db.row(ofCluster.where("namespace", "=", namespace).where("pod", "=", pod));
    if (row === undefined) return undefined;
    this.#db.run(this.#db.query.deleteFrom("who_waiting").where("waiting_no", "=", row.waiting_no));
    this.#count -= 1;
    return JSON.parse(row.windows) as Window[];
  }
}

/** Where there are too many they become one that holds them all: what is too much within it is told as that. */
function fewWindows(windows: readonly Window[]): Window[] {
  const merged = mergedWindows(windows);
  const [first, last] = [merged[0], merged.at(-1)];
  if (merged.length <= whoLimits.windowsWaitingMax || first === undefined || last === undefined) return merged;
  return [{ fromUs: first.fromUs, toUs: last.toUs }];
}
