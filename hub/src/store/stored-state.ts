import { pipelineLimits } from "../core/limits.ts";
import type { OpenDatabase } from "./node-sqlite.ts";
import { readAsked } from "./recording-rows.ts";
import type { HubTables } from "./schema.ts";
import { takeOverWindows } from "./window-log.ts";
import type { WorkspaceState } from "./workspace-state.ts";
import type { StoredState } from "./writer-messages.ts";

type Db = OpenDatabase<HubTables>;

/** Reads what an earlier run left, for so many evaluators as there are now. */
export function readStoredState(db: Db, state: WorkspaceState, evaluators: number): StoredState {
  const off = new Map<string, string[]>();
  for (const row of db.rows(db.query.selectFrom("rule_states").selectAll().where("enabled", "=", 0))) {
    off.set(row.workspace_id, [...(off.get(row.workspace_id) ?? []), row.rule]);
  }
  const settings = db.rows(db.query.selectFrom("settings").selectAll());
  return {
    memory: { streams: readStreams(db), audit: readAudit(db), windows: takeOverWindows(db, evaluators) },
    workspaces: state.all(),
    switchedOff: [...off],
    settings: settings.map((row): [string, string, string] => [row.workspace_id, row.name, row.value]),
    ledger: db.rows(db.query.selectFrom("ledger").selectAll()),
    nodeAccounts: db.rows(db.query.selectFrom("node_accounts").selectAll().limit(pipelineLimits.sensorsMax)),
    nodeSyncs: db.rows(db.query.selectFrom("node_syncs").selectAll().limit(pipelineLimits.sensorsMax)),
    asked: readAsked(db, Date.now() * 1_000),
    sensors: db.rows(db.query.selectFrom("sensors").selectAll().limit(pipelineLimits.sensorsMax)),
  };
}

/** The newest streams, oldest first. */
function readStreams(db: Db): [string, string][] {
  const query = db.query
    .selectFrom("streams")
    .selectAll()
    .orderBy("updated_us", "desc")
    .limit(pipelineLimits.streamsMax);
  return db
    .rows(query)
    .reverse()
    .map((row): [string, string] => [`${row.workspace_id}\n${row.stream}`, row.positions]);
}

function readAudit(db: Db): [string, Uint8Array][] {
  const query = db.query
    .selectFrom("audit_windows")
    .selectAll()
    .orderBy("workspace_id")
    .orderBy("cluster")
    .orderBy("batch_no");
  return db.rows(query).map((row): [string, Uint8Array] => [`${row.workspace_id}\n${row.cluster}`, row.hashes]);
}
