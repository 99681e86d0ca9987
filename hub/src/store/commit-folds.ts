import { randomBytes } from "node:crypto";
import { type AlertSummary, limits } from "@atalaya/wire";
import { storeLimits } from "../core/limits.ts";
import type { CommittedAlert } from "../hub-core.ts";
import type { FoldedMatches } from "../pipeline/fold-matches.ts";
import type { Batch } from "../pipeline/messages.ts";
import { countMinute, recount } from "./alert-counts.ts";
import { saveEntries, withDoneBy } from "./alert-entries.ts";
import { placeOfAlert, withWorkload } from "./alert-pod.ts";
import { type AlertRow, minuteOf, summaryOfRow } from "./alert-rows.ts";
import type { OpenDatabase } from "./node-sqlite.ts";
import { askRecording } from "./recording-rows.ts";
import type { HubTables } from "./schema.ts";
import type { WorkspaceState } from "./workspace-state.ts";

type Db = OpenDatabase<HubTables>;

/** Opens an alert for the matches, or counts them in the one that is open. Undefined when nobody is to be told (muted). */
export function commitFold(
  db: Db,
  state: WorkspaceState,
  batch: Batch,
  fold: FoldedMatches,
): CommittedAlert | undefined {
  const open = findOpen(db, batch.workspaceId, fold);
  let row = open === undefined ? openAlert(db, state, batch, fold) : repeatAlert(db, state, open, fold);
  saveEvidence(db, row, open?.evidence_count ?? 0, fold);
  const hasMoreLines = saveEntries(db, state, row, batch.cluster, fold);
  // Nobody may be known for the new ones: what was said of the alert as a whole is looked at again.
  if (hasMoreLines && row.done_by !== null) row = withDoneBy(db, row);
  for (const { node, bootId, pid, startUs } of fold.processes) {
    const boot_no = state.bootNo(batch.workspaceId, batch.cluster, node, bootId);
    const { workspace_id, alert_id } = row;
    const mark = { workspace_id, boot_no, pid, start_us: startUs, alert_id };
    db.run(
      db.query
        .insertInto("alert_processes")
        .values(mark)
        .onConflict((on) => on.doNothing()),
    );
  }
  if (row.muted !== 0) return undefined;
  return { workspaceId: row.workspace_id, commit: row.commit_no, alert: summaryOfRow(row) };
}

/** The alert that takes repeats: not resolved, and either recent or muted (a mute holds until somebody lifts it). */
function findOpen(db: Db, workspaceId: string, fold: FoldedMatches): AlertRow | undefined {
  const query = db.query
    .selectFrom("alerts")
    .selectAll()
    .where("workspace_id", "=", workspaceId)
    .where("fold_key", "=", fold.foldKey)
    .where("status", "<>", "resolved")
    .where((is) => is.or([is("muted", "=", 1), is("last_seen_us", ">=", fold.firstUs - storeLimits.foldWindowUs)]))
    .orderBy("last_seen_us", "desc")
    .limit(1);
  return db.row(query);
}

function openAlert(db: Db, state: WorkspaceState, batch: Batch, fold: FoldedMatches): AlertRow {
  const { draft } = fold;
  const { where, ...place } = placeOfAlert(db, batch.workspaceId, draft.summary.where, fold.firstUs);
  const row: AlertRow = {
    workspace_id: batch.workspaceId,
    alert_id: newAlertId(),
    fold_key: fold.foldKey,
    rule: fold.rule,
    source: draft.summary.source,
    status: "new",
    severity: draft.severity,
    muted: 0,
    assignee: null,
    count: fold.count,
    evidence_count: Math.min(fold.evidence.length, limits.alertEvidenceMax),
    first_seen_us: fold.firstUs,
    last_seen_us: fold.lastUs,
    committed_us: Date.now() * 1_000,
    commit_no: state.nextCommit(batch.workspaceId),
    cluster: where.cluster ?? null,
    namespace: where.namespace ?? null,
    container_id: where.container_id ?? null,
    container_name: where.container_name ?? null,
    node: where.node ?? null,
    techniques: ` ${draft.summary.attack.map((technique) => technique.id).join(" ")} `,
    search_text: withWorkload(draft.searchText, place.workload),
    summary: JSON.stringify({ ...draft.summary, where }),
    ...place,
    done_by: null,
    lines_left_out: 0,
  };
  db.run(db.query.insertInto("alerts").values(row));
  const { workspace_id, alert_id } = row;
  const document = JSON.stringify(draft.document);
  db.run(db.query.insertInto("alert_documents").values({ workspace_id, alert_id, document }));
  askRecording(db, state, row, where);
  recount(db, undefined, row);
  countMinute(db, workspace_id, row.severity, fold.lastUs);
  return row;
}

function repeatAlert(db: Db, state: WorkspaceState, open: AlertRow, fold: FoldedMatches): AlertRow {
  const row: AlertRow = {
    ...open,
    count: open.count + fold.count,
    first_seen_us: Math.min(open.first_seen_us, fold.firstUs),
    last_seen_us: Math.max(open.last_seen_us, fold.lastUs),
    commit_no: open.muted !== 0 ? open.commit_no : state.nextCommit(open.workspace_id),
  };
  const { count, first_seen_us, last_seen_us, commit_no } = row;
  const update = db.query
    .updateTable("alerts")
    .set({ count, first_seen_us, last_seen_us, commit_no })
    .where("workspace_id", "=", row.workspace_id)
    .where("alert_id", "=", row.alert_id);
  db.run(update);
  if (open.muted === 0 && minuteOf(open.last_seen_us) < minuteOf(fold.lastUs)) {
    countMinute(db, row.workspace_id, row.severity, fold.lastUs);
  }
  return row;
}

/** Keeps evidence that differs from what is kept, up to the limit; later ones only count. */
function saveEvidence(db: Db, row: AlertRow, kept: number, fold: FoldedMatches): void {
  const { workspace_id, alert_id } = row;
  if (kept >= limits.alertEvidenceMax) return;
  const known = new Set(kept === 0 ? [] : knownHashes(db, workspace_id, alert_id));
  let evidence_no = kept;
  for (const { hash, evidence } of fold.evidence) {
    if (known.has(hash) || evidence_no >= limits.alertEvidenceMax) continue;
    const value = { workspace_id, alert_id, evidence_no, hash, evidence: JSON.stringify(evidence) };
    db.run(db.query.insertInto("alert_evidence").values(value));
    evidence_no += 1;
  }
  if (evidence_no === row.evidence_count) return;
  const update = db.query.updateTable("alerts").set({ evidence_count: evidence_no });
  db.run(update.where("workspace_id", "=", workspace_id).where("alert_id", "=", alert_id));
}

function knownHashes(db: Db, workspaceId: string, alertId: string): string[] {
  const query = db.query
    .selectFrom("alert_evidence")
    .select("hash")
    .where("workspace_id", "=", workspaceId)
    .where("alert_id", "=", alertId);
  return db.rows(query).map((row) => row.hash);
}

/** Sorts by time, as UUID version 7 does: new rows go to the end of their tree. */
function newAlertId(): AlertSummary["alert_id"] {
  return Date.now().toString(16).padStart(12, "0") + randomBytes(10).toString("hex");
}
