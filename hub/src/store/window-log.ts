import { readWindowLog, type WindowRow } from "@atalaya/rules";
import { storeLimits } from "../core/limits.ts";
import type { Batch } from "../pipeline/messages.ts";
import { shardOf } from "../pipeline/shard.ts";
import type { OpenDatabase } from "./node-sqlite.ts";
import type { HubTables } from "./schema.ts";

type Db = OpenDatabase<HubTables>;
type StoredWindow = Omit<WindowRow, "idleUs"> & { updatedUs: number };

/** Writes what a batch changed in the windows, in the transaction of everything else that it caused. */
export function saveWindows(db: Db, { workspaceId: workspace_id, evaluator, windows }: Batch): void {
  if (windows === undefined) return;
  const { row, text: entries, dropUpTo } = windows;
  db.run(
    db.query.insertInto("window_log").values({ workspace_id, evaluator, row, entries, updated_us: Date.now() * 1_000 }),
  );
  if (dropUpTo < 0) return;
  const old = db.query.deleteFrom("window_log").where("workspace_id", "=", workspace_id);
  db.run(old.where("evaluator", "=", evaluator).where("row", "<=", dropUpTo));
}

/**
 * Reads the windows of an earlier run, by workspace, oldest first, and writes them anew: a row 0 for each evaluator that
 * there is now. Their age is counted from the newest: while the hub was down no window grew old.
 */
export function takeOverWindows(db: Db, evaluators: number): [workspaceId: string, rows: WindowRow[]][] {
  const read = readWindows(db);
  db.raw.exec("BEGIN IMMEDIATE");
  db.run(db.query.deleteFrom("window_log"));
  for (const [workspaceId, windows] of read) writeAnew(db, workspaceId, windows, evaluators);
  db.raw.exec("COMMIT");
  const newestUs = Math.max(0, ...read.map(([, windows]) => windows.at(-1)?.updatedUs ?? 0));
  return read.map(([workspaceId, windows]) => [
    workspaceId,
    windows.map(({ updatedUs, ...window }) => ({ ...window, idleUs: newestUs - updatedUs })),
  ]);
}

function readWindows(db: Db): [workspaceId: string, windows: StoredWindow[]][] {
  const live = new Map<string, Map<string, StoredWindow>>();
  // An evaluator's rows in their order; evaluators have no window in common.
  const log = db.query.selectFrom("window_log").selectAll().orderBy("workspace_id").orderBy("evaluator").orderBy("row");
  for (const { workspace_id, entries, updated_us } of db.rows(log)) {
    const windows = live.get(workspace_id) ?? new Map<string, StoredWindow>();
    live.set(workspace_id, windows);
    for (const { rule, scope, key, state } of readWindowLog(entries)) {
      const name = JSON.stringify([rule, scope, key]);
      windows.delete(name);
      if (state !== null) windows.set(name, { rule, scope, key, state, updatedUs: updated_us });
    }
  }
  return [...live].map(([workspaceId, windows]) => {
    const oldestFirst = [...windows.values()].sort((a, b) => a.updatedUs - b.updatedUs);
    return [workspaceId, oldestFirst.slice(-storeLimits.windowsRestoredMax)];
  });
}

function writeAnew(db: Db, workspace_id: string, windows: readonly StoredWindow[], evaluators: number): void {
  const shards = Map.groupBy(windows, ({ scope }) => shardOfScope(workspace_id, scope, evaluators));
  for (const [evaluator, some] of shards) {
    const entries = JSON.stringify(some.flatMap(({ rule, scope, key, state }) => [rule, scope, key, state ?? null]));
    const updated_us = some.at(-1)?.updatedUs ?? 0;
    db.run(db.query.insertInto("window_log").values({ workspace_id, evaluator, row: 0, entries, updated_us }));
  }
}

/** A window's scope is its sender's cluster and node (a name that the sender chose). */
export function shardOfScope(workspaceId: string, scope: string, evaluators: number): number {
  const [cluster = "", ...node] = scope.split("\n");
  return shardOf(workspaceId, cluster, node.join("\n"), evaluators);
}
