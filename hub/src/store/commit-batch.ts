import { sql } from "kysely";
import { pipelineLimits } from "../core/limits.ts";
import type { CommittedAlert } from "../hub-core.ts";
import type { Batch } from "../pipeline/messages.ts";
import { recordHashBytes } from "../pipeline/seen-records.ts";
import { commitFold } from "./commit-folds.ts";
import { commitInventory } from "./inventory-writes.ts";
import type { OpenDatabase } from "./node-sqlite.ts";
import type { HubTables } from "./schema.ts";
import { saveWindows } from "./window-log.ts";
import type { WorkspaceState } from "./workspace-state.ts";

type Db = OpenDatabase<HubTables>;

/** Writes one evaluated request within the group's transaction; gives the alerts to tell of. */
export function commitBatch(db: Db, state: WorkspaceState, batch: Batch): CommittedAlert[] {
  saveStreams(db, batch);
  saveWindows(db, batch);
  saveAuditHashes(db, batch);
  saveLedger(db, batch);
  state.addEvents(batch.workspaceId, batch.accepted);
  // Before the alerts: what is told with a match helps to place it.
  const changes: CommittedAlert[] = commitInventory(db, state, batch);
  for (const fold of batch.folds) {
    const change = commitFold(db, state, batch, fold);
    if (change !== undefined) changes.push(change);
  }
  return changes;
}

function saveStreams(db: Db, batch: Batch): void {
  const updated_us = Date.now() * 1_000;
  for (const [stream, positions] of batch.streams) {
    if (positions === "") {
      const gone = db.query.deleteFrom("streams").where("workspace_id", "=", batch.workspaceId);
      db.run(gone.where("stream", "=", stream));
      continue;
    }
    const insert = db.query
      .insertInto("streams")
      .values({ workspace_id: batch.workspaceId, stream, positions, updated_us })
      .onConflict((on) => on.columns(["workspace_id", "stream"]).doUpdateSet({ positions, updated_us }));
    db.run(insert);
  }
}

function saveLedger(db: Db, batch: Batch): void {
  for (const { node, stream, class: name, reason, n } of batch.ledger) {
    const insert = db.query
      .insertInto("ledger")
      .values({ workspace_id: batch.workspaceId, cluster: batch.cluster, node, stream, class: name, reason, n })
      .onConflict((on) =>
        on
          .columns(["workspace_id", "cluster", "node", "stream", "class", "reason"])
          .doUpdateSet({ n: sql<number>`ledger.n + ${n}` }),
      );
    db.run(insert);
  }
}

function saveAuditHashes(db: Db, batch: Batch): void {
  if (batch.auditHashes === undefined) return;
  const { workspaceId: workspace_id, cluster } = batch;
  const newest = db.query
    .selectFrom("audit_windows")
    .select((of) => of.fn.max("batch_no").as("n"))
    .where("workspace_id", "=", workspace_id)
    .where("cluster", "=", cluster);
  const batch_no = (db.row(newest)?.n ?? 0) + 1;
  const row = { workspace_id, cluster, batch_no, hashes: batch.auditHashes, seen_us: Date.now() * 1_000 };
  db.run(db.query.insertInto("audit_windows").values(row));
  // Looked at now and then: the window may be a little longer than its limit, never shorter.
  if (batch_no % 64 === 0) forgetOldHashes(db, workspace_id, cluster);
}

function forgetOldHashes(db: Db, workspaceId: string, cluster: string): void {
  const sizes = db.query
    .selectFrom("audit_windows")
    .select(["batch_no", sql<number>`length(hashes)`.as("bytes")])
    .where("workspace_id", "=", workspaceId)
    .where("cluster", "=", cluster)
    .orderBy("batch_no", "desc");
  let records = 0;
  for (const { batch_no, bytes } of db.rows(sizes)) {
    records += bytes / recordHashBytes;
    if (records <= pipelineLimits.auditWindowRecordsMax) continue;
    const old = db.query.deleteFrom("audit_windows").where("workspace_id", "=", workspaceId);
    db.run(old.where("cluster", "=", cluster).where("batch_no", "<", batch_no));
    return;
  }
}
