import { join } from "node:path";
import type { CommittedAlert } from "../hub-core.ts";
import { type Batch, endWidth, stepWidth } from "../pipeline/messages.ts";
import type { AskedPull } from "../recorder/recorder-pulls.ts";
import { commitBatch } from "./commit-batch.ts";
import { EventDay } from "./event-day.ts";
import { type NotJoined, nothingNotJoined, WhoJoin } from "./join-who.ts";
import { openMigrated } from "./migrate.ts";
import type { OpenDatabase } from "./node-sqlite.ts";
import type { HubTables } from "./schema.ts";
import { type StateWrite, stateWrites } from "./state-writes.ts";
import { readStoredState } from "./stored-state.ts";
import { WorkspaceState } from "./workspace-state.ts";
import type { StoredState } from "./writer-messages.ts";

export type WriteCall = { type: "write"; call: number; name: StateWrite; argument: unknown };
export type Work = Batch | WriteCall;
export type Committed = {
  changes: CommittedAlert[];
  results: { call: number; value: unknown }[];
  notJoined: NotJoined;
  /** What new alerts ask of nodes' recorders. */
  asked: AskedPull[];
};

/**
 * The one that writes. A group of work is committed whole: first the day's process rows, then hub.sqlite with the
 * positions. What is lost between the two is sent again, and rows that are there already stay as they are.
 */
export class HubWriter {
  readonly #db: OpenDatabase<HubTables>;
  readonly #day: EventDay;
  readonly state: WorkspaceState;
  readonly #who: WhoJoin;

  private constructor(folder: string, db: OpenDatabase<HubTables>) {
    this.#db = db;
    this.#day = new EventDay(folder);
    this.state = new WorkspaceState(db);
    this.#who = new WhoJoin(db, this.state);
  }

  /** Opens and migrates the folder's database. Throws Fault STORE_NEWER, and what node:sqlite throws. */
  static async open(folder: string): Promise<HubWriter> {
    return new HubWriter(folder, await openMigrated(join(folder, "hub.sqlite")));
  }

  stored(evaluators: number): StoredState {
    return readStoredState(this.#db, this.state, evaluators);
  }

  /** Throws what node:sqlite throws; then nothing of the group is there. */
  commit(group: readonly Work[]): Committed {
    const done: Committed = { changes: [], results: [], notJoined: nothingNotJoined(), asked: [] };
    try {
      this.#db.raw.exec("BEGIN IMMEDIATE");
      for (const work of group) {
        if (work.type === "batch") this.#batch(work, done.changes);
        else done.results.push({ call: work.call, value: this.#write(work, done.changes) });
      }
      this.state.save();
      this.#day.commit();
      this.#db.raw.exec("COMMIT");
      done.notJoined = this.#who.takeNotJoined();
      done.asked = this.state.takeAsked();
      return done;
    } catch (error) {
      this.#rollBack();
      throw error;
    }
  }

  #batch(batch: Batch, changes: CommittedAlert[]): void {
    for (const rows of batch.processes) {
      const bootNo = this.state.bootNo(batch.workspaceId, batch.cluster, rows.node, rows.bootId);
      this.#day.write(batch.workspaceId, bootNo, rows);
    }
    changes.push(...commitBatch(this.#db, this.state, batch), ...this.#who.take(batch));
  }

  #write(work: WriteCall, changes: CommittedAlert[]): unknown {
    // The caller's types bind name and argument together; here they have crossed a thread.
    const write = stateWrites[work.name] as (...of: [OpenDatabase<HubTables>, WorkspaceState, unknown]) => unknown;
    const value = write(this.#db, this.state, work.argument);
    if (work.name === "actOnAlert" && value !== undefined) changes.push(value as CommittedAlert);
    return value;
  }

  #rollBack(): void {
    this.#day.rollBack();
    if (this.#db.raw.isTransaction) this.#db.raw.exec("ROLLBACK");
    this.state.reload();
    this.#who.reload();
  }

  close(): void {
    this.#day.close();
    this.#db.close();
  }
}

export function rowsOf(batch: Batch): number {
  const objects = batch.inventory.reduce((sum, { events }) => sum + events.length, 0);
  const steps = batch.processes.reduce(
    (sum, one) => sum + one.steps.length / stepWidth + one.ends.length / endWidth,
    0,
  );
  return objects + steps;
}
