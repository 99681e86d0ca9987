import { type AlertWhere, isRecorded, type RecorderPolicy, recorderLimits, type ScopeFacts } from "@atalaya/wire";
import { recorderHubLimits } from "../recorder/limits.ts";
import type { AskedPull } from "../recorder/recorder-pulls.ts";
import { recorderSetting } from "../recorder/recorder-records.ts";
import type { RecordedAnswer } from "../recorder/recorder-store.ts";
import type { AlertRow } from "./alert-rows.ts";
import type { OpenDatabase } from "./node-sqlite.ts";
import type { HubTables } from "./schema.ts";
import type { WorkspaceState } from "./workspace-state.ts";

type Db = OpenDatabase<HubTables>;

/** A new alert asks the node's recorder for its container's window, where a scope names the container. */
export function askRecording(db: Db, state: WorkspaceState, row: AlertRow, where: AlertWhere): void {
  const { workspace_id, alert_id } = row;
  const { cluster, node, container_id } = where;
  if (cluster === undefined || node === undefined || container_id === undefined || container_id === "host") return;
  if (!isRecorded(policyOf(db, workspace_id), factsOf(cluster, where))) return;
  const asked_us = Date.now() * 1_000;
  const from_us = Math.max(0, row.first_seen_us - recorderLimits.windowUs);
  const key = [workspace_id, cluster, node, container_id].join("\n");
  const isTooMuch =
    openOf(db, row, asked_us) >= recorderHubLimits.openPerNodeMax || !state.pullBudget.take(key, asked_us);
  const of = { workspace_id, alert_id, cluster, node, container_id, from_us, asked_us };
  const answer = { answered_us: null, kept_from_us: null, is_cut: 0, damaged: 0, frames: null };
  db.run(db.query.insertInto("alert_recordings").values({ ...of, ...answer, state: isTooMuch ? "refused" : "asked" }));
  if (isTooMuch) return;
  const pull = { alert_id, container_id, from_us };
  state.asked.push({ of: { workspaceId: workspace_id, cluster, node }, pull, askedUs: asked_us });
}

function policyOf(db: Db, workspaceId: string): RecorderPolicy {
  const settings = db.query.selectFrom("settings").select("value").where("workspace_id", "=", workspaceId);
  const stored = db.row(settings.where("name", "=", recorderSetting))?.value;
  return stored === undefined ? { scopes: [] } : (JSON.parse(stored) as RecorderPolicy);
}

function factsOf(cluster: string, { namespace, pod, container_name, image, pod_labels }: AlertWhere): ScopeFacts {
  const known = { namespace: namespace ?? null, pod: pod ?? null, container: container_name ?? null };
  return { cluster, ...known, image: image ?? null, labels: pod_labels ?? null };
}

/** Pulls of the alert's node that still wait for an answer. */
function openOf(db: Db, { workspace_id, cluster, node }: AlertRow, nowUs: number): number {
  const asked = db.query
    .selectFrom("alert_recordings")
    .select((of) => of.fn.countAll<number>().as("n"))
    .where("state", "=", "asked")
    .where("workspace_id", "=", workspace_id)
    .where("cluster", "=", cluster ?? "")
    .where("node", "=", node ?? "");
  return Number(db.row(asked.where("asked_us", ">", nowUs - recorderHubLimits.answerUs))?.n ?? 0);
}

/** Those that wait for an answer, of an earlier run. */
export function readAsked(db: Db, nowUs: number): AskedPull[] {
  const query = db.query
    .selectFrom("alert_recordings")
    .select(["workspace_id", "alert_id", "cluster", "node", "container_id", "from_us", "asked_us"])
    .where("state", "=", "asked")
    .where("asked_us", ">", nowUs - recorderHubLimits.answerUs);
  return db.rows(query).map(({ workspace_id: workspaceId, cluster, node, asked_us: askedUs, ...pull }) => {
    return { of: { workspaceId, cluster, node }, pull, askedUs };
  });
}

export type AnswerRecording = RecordedAnswer & { workspaceId: string; alertId: string };

/** The first answer counts: one that comes again changes nothing. False where none was waited for. */
export function answerRecording(db: Db, _: WorkspaceState, of: AnswerRecording): boolean {
  const { workspaceId, alertId, frames, keptFromUs: kept_from_us, isCut, damaged } = of;
  const answer = { state: "answered", answered_us: Date.now() * 1_000, kept_from_us, is_cut: isCut ? 1 : 0 };
  const update = db.query.updateTable("alert_recordings").set({ ...answer, damaged, frames });
  const one = update.where("workspace_id", "=", workspaceId).where("alert_id", "=", alertId);
  return db.run(one.where("state", "=", "asked")) > 0;
}
