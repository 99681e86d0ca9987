import type { ApiChangePage } from "@atalaya/wire";
import type { ChangeQuery, ChangeRow } from "../changes/change-store.ts";
import { changeLimits } from "../changes/limits.ts";
import type { OpenDatabase } from "./node-sqlite.ts";
import type { HubTables } from "./schema.ts";

type Db = OpenDatabase<HubTables>;

/** Appends changes, each under the next number of its workspace. */
export function addApiChanges(db: Db, _: unknown, rows: readonly ChangeRow[]): void {
  for (const { workspaceId: workspace_id, ...row } of rows) {
    const change_no = lastNumber(db, workspace_id) + 1;
    db.run(db.query.insertInto("api_changes").values({ workspace_id, change_no, ...row }));
    if (change_no % changeLimits.pruneEach === 0) prune(db, workspace_id);
  }
}

function lastNumber(db: Db, workspaceId: string): number {
  const query = db.query.selectFrom("api_changes").select("change_no").where("workspace_id", "=", workspaceId);
  return db.row(query.orderBy("change_no", "desc").limit(1))?.change_no ?? 0;
}

function prune(db: Db, workspaceId: string): void {
  const own = db.query.deleteFrom("api_changes").where("workspace_id", "=", workspaceId);
  db.run(own.where("change_no", "<=", lastNumber(db, workspaceId) - changeLimits.keptMax));
  const strangers = db.query.selectFrom("api_changes").select("change_no").where("workspace_id", "=", workspaceId);
  const newest = strangers.where("user", "=", "").orderBy("change_no", "desc");
  const last = db.row(newest.limit(1).offset(changeLimits.strangersKeptMax));
  if (last !== undefined) db.run(own.where("user", "=", "").where("change_no", "<=", last.change_no));
}

export function readApiChanges(db: Db, workspaceId: string, { after, limit }: ChangeQuery): ApiChangePage {
  const size = Math.min(limit ?? changeLimits.pageDefault, changeLimits.pageMax);
  let query = db.query.selectFrom("api_changes").selectAll().where("workspace_id", "=", workspaceId);
  if (after !== undefined) query = query.where("change_no", "<", Number(after));
  const rows = db.rows(query.orderBy("change_no", "desc").limit(size + 1));
  const changes = rows.slice(0, size).map(({ workspace_id, change_no, ...row }) => {
    return { change_id: String(change_no), ...row };
  });
  return { changes, next: rows.length > size ? (changes.at(-1)?.change_id ?? null) : null };
}
