import type { InventoryEvent } from "@atalaya/wire";
import { inventoryKinds, workloadKinds } from "@atalaya/wire";
import { storeLimits } from "../core/limits.ts";
import type { CommittedAlert } from "../hub-core.ts";
import { inventoryLimits } from "../inventory/limits.ts";
import type { Batch, InventoryRows } from "../pipeline/messages.ts";
import { amendAlertsOfPod } from "./alert-pod.ts";
import { type InventoryRow, inventoryStatusOf, rowOfEvent, wholeKindsOf } from "./inventory-row.ts";
import { readInventorySender } from "./inventory-sender-rows.ts";
import type { OpenDatabase } from "./node-sqlite.ts";
import type { HubTables, InventorySourceTable } from "./schema.ts";
import type { WorkspaceState } from "./workspace-state.ts";

type Db = OpenDatabase<HubTables>;
/** Lists of one inventory that are told apart within its serial number. */
const listsPerSerial = 1_000_000;

/**
 * Takes what an inventory told of a cluster's objects, within the group's transaction; gives the alerts that became more
 * complete by it. Of two inventories the one that started later counts (by the API server's clock), unless it speaks
 * through the same node, where the order of arrival decides.
 */
export function commitInventory(db: Db, state: WorkspaceState, batch: Batch): CommittedAlert[] {
  const changes: CommittedAlert[] = [];
  for (const rows of batch.inventory) new InventoryCommit(db, state, batch, rows, changes).run();
  return changes;
}

class InventoryCommit {
  readonly #db: Db;
  readonly #state: WorkspaceState;
  readonly #of: { workspace_id: string; cluster: string };
  readonly #rows: InventoryRows;
  readonly #changes: CommittedAlert[];
  readonly #nowUs = Date.now() * 1_000;
  readonly #source: InventorySourceTable;
  /** Looked for once a batch: the bound is reached by every row of a list. */
  #nothingGone = false;
  readonly #judged = new Map<string, boolean>();

  constructor(
    db: Db,
    state: WorkspaceState,
    { workspaceId: workspace_id, cluster }: Batch,
    rows: InventoryRows,
    changes: CommittedAlert[],
  ) {
    this.#db = db;
    this.#state = state;
    this.#of = { workspace_id, cluster };
    this.#rows = rows;
    this.#changes = changes;
    const known = db.row(
      db.query
        .selectFrom("inventory_sources")
        .selectAll()
        .where("workspace_id", "=", workspace_id)
        .where("cluster", "=", cluster),
    );
    const empty = {
      epoch_us: 0,
      epoch_bound_us: 0,
      serial: 0,
      complete: "[]",
      status: null,
      objects: 0,
      superseded: 0,
      over_limit: 0,
      malformed: 0,
    };
    this.#source = { ...this.#of, node: rows.node, seen_us: this.#nowUs, ...(known ?? empty) };
  }

  run(): void {
    for (const event of this.#rows.events) this.#take(event);
    const { workspace_id, cluster, ...value } = this.#source;
    const insert = this.#db.query.insertInto("inventory_sources").values(this.#source);
    this.#db.run(insert.onConflict((on) => on.columns(["workspace_id", "cluster"]).doUpdateSet(value)));
  }

  #take(event: InventoryEvent): void {
    const source = this.#source;
    const epochUs = event.epoch_us ?? 0;
    if (source.node !== this.#rows.node && !this.#takesOver(epochUs)) {
      source.superseded += 1;
      return;
    }
    if (epochUs !== source.epoch_us || source.node !== this.#rows.node) {
      source.epoch_us = epochUs;
      // Nor later than it was told: whoever may send what is old is not the newest by that.
      const latestUs = Math.min(this.#nowUs, event.time_us ?? 0) + inventoryLimits.clockAheadUs;
      source.epoch_bound_us = Math.min(epochUs, latestUs);
      source.node = this.#rows.node;
      source.serial += 1;
      source.complete = "[]";
    }
    source.seen_us = this.#nowUs;
    const seen = source.serial * listsPerSerial + Math.min(event.generation ?? 0, listsPerSerial - 1);
    if (event.activity === "put") this.#put(event, seen);
    else if (event.activity === "gone") this.#gone(event);
    else if (event.activity === "complete") this.#complete(event.kind ?? "", seen);
    else this.#status(event);
  }

  #status(event: InventoryEvent): void {
    const status = inventoryStatusOf(event.facts);
    if (status === undefined) this.#source.malformed += 1;
    else this.#source.status = JSON.stringify(status);
  }

  /** A node whose permission has ended keeps nobody out, and takes nothing from one that may still send. */
  #takesOver(epochUs: number): boolean {
    if (!this.#mayStillSend(this.#source.node)) return true;
    return epochUs >= this.#source.epoch_bound_us && this.#mayStillSend(this.#rows.node);
  }

  #mayStillSend(node: string): boolean {
    let may = this.#judged.get(node);
    if (may === undefined) {
      const { workspace_id: workspaceId, cluster } = this.#of;
      const sender = readInventorySender(this.#db, { workspaceId, cluster, node });
      may = sender === undefined || sender.untilUs > this.#nowUs;
      this.#judged.set(node, may);
    }
    return may;
  }

  #put(event: InventoryEvent, seen: number): void {
    const row = rowOfEvent(event, this.#of, seen, this.#nowUs);
    if (row === undefined) {
      this.#source.malformed += 1;
      return;
    }
    const known = this.#object(row.uid);
    if (known === undefined && this.#isFull()) {
      this.#source.over_limit += 1;
      return;
    }
    if (known === undefined) this.#source.objects += 1;
    // The same object again, as every list brings it: only that it is still there is news.
    if (known !== undefined && known.gone_us === null && saysTheSame(known, row)) {
      this.#update(row.uid, { seen });
      return;
    }
    const placed = this.#placed(row);
    const { workspace_id, cluster, uid, ...value } = placed;
    const insert = this.#db.query.insertInto("inventory_objects").values(placed);
    this.#db.run(insert.onConflict((on) => on.columns(["workspace_id", "cluster", "uid"]).doUpdateSet(value)));
    if (placed.kind === "Pod") this.#amend(placed);
    else if (isWorkload(placed.kind)) this.#placeOwned(placed);
  }

  /** What is there counts more than what was: at the bound, deleted objects go first. */
  #isFull(): boolean {
    if (this.#source.objects < storeLimits.inventoryObjectsMax) return false;
    if (!this.#nothingGone) {
      const { workspace_id, cluster } = this.#of;
      const gone = this.#db.query
        .selectFrom("inventory_objects")
        .select("uid")
        .where("workspace_id", "=", workspace_id)
        .where("cluster", "=", cluster)
        .where("gone_us", "is not", null)
        .orderBy("gone_us")
        .limit(storeLimits.forgottenAtOnce);
      const uids = this.#db.rows(gone).map(({ uid }) => uid);
      for (const uid of uids) deleteObject(this.#db, { workspace_id, cluster, uid });
      this.#source.objects -= uids.length;
      this.#nothingGone = uids.length === 0;
    }
    return this.#source.objects >= storeLimits.inventoryObjectsMax;
  }

  /** With what made it in the end, as far as that is known now. */
  #placed(row: InventoryRow): InventoryRow {
    const { owner_kind, owner_name, owner_uid } = row;
    if (owner_uid === null || owner_kind === null) return row;
    if (row.kind !== "Pod")
      return isWorkload(row.kind) && isWorkload(owner_kind)
        ? { ...row, workload_kind: owner_kind, workload_name: owner_name, is_workload: 0 }
        : row;
    const owner = this.#object(owner_uid);
    const workload_kind = owner?.workload_kind ?? owner_kind;
    return { ...row, workload_kind, workload_name: owner?.workload_kind == null ? owner_name : owner.workload_name };
  }

  /** An owner that came after the pods it owns. */
  #placeOwned(owner: InventoryRow): void {
    if (owner.workload_kind === null) return;
    const pods = this.#db.query
      .selectFrom("inventory_objects")
      .selectAll()
      .where("workspace_id", "=", owner.workspace_id)
      .where("cluster", "=", owner.cluster)
      .where("owner_uid", "=", owner.uid)
      .where("kind", "=", "Pod");
    for (const pod of this.#db.rows(pods)) {
      if (pod.workload_kind === owner.workload_kind && pod.workload_name === owner.workload_name) continue;
      const { workload_kind, workload_name } = owner;
      this.#update(pod.uid, { workload_kind, workload_name });
      this.#amend({ ...pod, workload_kind, workload_name });
    }
  }

  #amend(pod: InventoryRow): void {
    this.#changes.push(...amendAlertsOfPod(this.#db, this.#state, pod));
  }

  #gone(event: InventoryEvent): void {
    if (event.uid !== null) this.#update(event.uid, { gone_us: this.#nowUs, changed_us: this.#nowUs });
  }

  /** Whatever a whole list did not bring is gone. */
  #complete(kind: string, seen: number): void {
    if (!(inventoryKinds as readonly string[]).includes(kind)) return;
    const update = this.#db.query
      .updateTable("inventory_objects")
      .set({ gone_us: this.#nowUs, changed_us: this.#nowUs })
      .where("workspace_id", "=", this.#of.workspace_id)
      .where("kind", "=", kind)
      .where("cluster", "=", this.#of.cluster)
      .where("seen", "<", seen)
      .where("gone_us", "is", null);
    this.#db.run(update);
    const known = wholeKindsOf(this.#source.complete);
    if (known === undefined) this.#source.malformed += 1;
    if (known?.includes(kind) !== true) this.#source.complete = JSON.stringify([...(known ?? []), kind]);
  }

  #object(uid: string): InventoryRow | undefined {
    const objects = this.#db.query.selectFrom("inventory_objects").selectAll();
    const own = objects.where("workspace_id", "=", this.#of.workspace_id).where("cluster", "=", this.#of.cluster);
    return this.#db.row(own.where("uid", "=", uid));
  }

  #update(uid: string, value: Partial<InventoryRow>): void {
    const update = this.#db.query.updateTable("inventory_objects").set(value);
    const own = update.where("workspace_id", "=", this.#of.workspace_id).where("cluster", "=", this.#of.cluster);
    this.#db.run(own.where("uid", "=", uid));
  }
}

function isWorkload(kind: string): boolean {
  return (workloadKinds as readonly string[]).includes(kind);
}

function saysTheSame(a: InventoryRow, b: InventoryRow): boolean {
  return a.resource_version === b.resource_version && a.facts === b.facts && a.labels === b.labels;
}

function deleteObject(
  db: Db,
  { workspace_id, cluster, uid }: Pick<InventoryRow, "workspace_id" | "cluster" | "uid">,
): void {
  const gone = db.query.deleteFrom("inventory_objects").where("workspace_id", "=", workspace_id);
  db.run(gone.where("cluster", "=", cluster).where("uid", "=", uid));
}

/** Forgets some of what was deleted long ago; gives how many. */
export function forgetGoneObjects(db: Db, beforeUs: number): number {
  const old = db.rows(
    db.query
      .selectFrom("inventory_objects")
      .select(["workspace_id", "cluster", "uid"])
      .where("gone_us", "is not", null)
      .where("gone_us", "<", beforeUs)
      .limit(storeLimits.forgottenAtOnce),
  );
  for (const { workspace_id, cluster, uid } of old) {
    deleteObject(db, { workspace_id, cluster, uid });
    const source = db.query.updateTable("inventory_sources").set((of) => ({ objects: of("objects", "-", 1) }));
    db.run(source.where("workspace_id", "=", workspace_id).where("cluster", "=", cluster));
  }
  return old.length;
}
