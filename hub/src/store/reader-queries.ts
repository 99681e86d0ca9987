import type {
  Alert,
  AlertPage,
  AlertQuery,
  AuditCredential,
  InventoryQuery,
  ProcessPage,
  ProcessQuery,
  RecordingPage,
} from "@atalaya/wire";
import type { ChangeQuery } from "../changes/change-store.ts";
import type { AccountRow, CommittedAlert, SenderIdentity, SessionRow } from "../hub-core.ts";
import type { NodeKey } from "../ledger/node-account.ts";
import type { ReadPods } from "../state/pod-labels.ts";
import { readApiChanges } from "./change-rows.ts";
import {
  knowsEnrolmentToken,
  readClusterKeys,
  readClusters,
  readEnrolmentTokens,
  readNode,
  readNodes,
} from "./enrolment-rows.ts";
import { readInventorySender } from "./inventory-sender-rows.ts";
import type { OpenDatabase } from "./node-sqlite.ts";
import { readAccounts, readTokens, readWorkspaces } from "./people-rows.ts";
import {
  countOpenAlerts,
  type RuleFigures,
  readAlert,
  readAlertPage,
  readAlertsSince,
  readRuleFigures,
} from "./read-alerts.ts";
import {
  readInventoryClusters,
  readInventoryNamespaces,
  readInventoryObject,
  readInventoryObjects,
  readInventoryPods,
  readInventoryWorkloads,
} from "./read-inventory.ts";
import { readPodLabels } from "./read-pod-labels.ts";
import { readRecording } from "./read-recording.ts";
import type { EventTables, HubTables } from "./schema.ts";
import { searchProcesses } from "./search-processes.ts";

type InventoryAsked = { workspaceId: string; query: InventoryQuery };
export type ReaderFiles = { db: OpenDatabase<HubTables>; days(): readonly OpenDatabase<EventTables>[] };

/** What the API thread may ask a reader. */
export const readerQueries = {
  alertPage: ({ db }: ReaderFiles, of: { workspaceId: string; query: AlertQuery }): AlertPage =>
    readAlertPage(db, of.workspaceId, of.query),

  alert: ({ db, days }: ReaderFiles, of: { workspaceId: string; alertId: string }): Alert | undefined =>
    readAlert(db, days(), of.workspaceId, of.alertId),

  recording: ({ db }: ReaderFiles, of: { workspaceId: string; alertId: string }): RecordingPage | undefined =>
    readRecording(db, of.workspaceId, of.alertId),

  podLabels: ({ db }: ReaderFiles, of: { workspaceId: string; keys: readonly string[] }): ReadPods =>
    readPodLabels(db, of),

  alertsSince: ({ db }: ReaderFiles, of: { workspaceId: string; commit: number }): CommittedAlert[] =>
    readAlertsSince(db, of.workspaceId, of.commit),

  ruleFigures: ({ db }: ReaderFiles, of: { workspaceId: string; sinceUs: number }): RuleFigures[] =>
    readRuleFigures(db, of.workspaceId, of.sinceUs),

  openAlerts: ({ db }: ReaderFiles, of: { workspaceId: string }): number => countOpenAlerts(db, of.workspaceId),

  processPage: ({ db, days }: ReaderFiles, of: { workspaceId: string; query: ProcessQuery }): ProcessPage =>
    searchProcesses(db, days(), of.workspaceId, of.query),

  account({ db }: ReaderFiles, of: { workspaceId: string; user: string }): AccountRow | undefined {
    const accounts = db.query.selectFrom("accounts").selectAll().where("workspace_id", "=", of.workspaceId);
    const row = db.row(accounts.where("user", "=", of.user));
    if (row === undefined) return undefined;
    return { user: row.user, passwordHash: row.password_hash, role: row.role as AccountRow["role"] };
  },

  session({ db }: ReaderFiles, of: { secretHash: string }): SessionRow | undefined {
    const row = db.row(db.query.selectFrom("sessions").selectAll().where("secret_hash", "=", of.secretHash));
    if (row === undefined) return undefined;
    const { user, workspace_id: workspaceId, expires_us: expiresUs, csrf } = row;
    const token = row.kind === "token" ? { tokenName: row.name } : {};
    return { user, role: row.role as SessionRow["role"], workspaceId, expiresUs, csrf, ...token };
  },

  credential({ db }: ReaderFiles, of: { secretHash: string }): (SenderIdentity & { use: string }) | undefined {
    const credentials = db.query.selectFrom("credentials").selectAll().where("secret_hash", "=", of.secretHash);
    const row = db.row(credentials.where("revoked_us", "is", null));
    if (row === undefined) return undefined;
    return {
      workspaceId: row.workspace_id,
      credentialId: row.credential_id,
      cluster: row.cluster,
      node: null,
      mayAudit: true,
      use: row.use,
    };
  },

  enrolmentTokens: ({ db }: ReaderFiles, of: { workspaceId: string }) => readEnrolmentTokens(db, of.workspaceId),
  knowsEnrolmentToken: ({ db }: ReaderFiles, of: { secretHash: string }) => knowsEnrolmentToken(db, of.secretHash),
  enrolledNode: ({ db }: ReaderFiles, of: { workspaceId: string; cluster: string; node: string }) => readNode(db, of),
  clusterKeys: ({ db }: ReaderFiles, _: Record<string, never>) => readClusterKeys(db),
  clusters: ({ db }: ReaderFiles, of: { workspaceId: string }) => readClusters(db, of.workspaceId),
  enrolledNodes: ({ db }: ReaderFiles, of: { workspaceId: string }) => readNodes(db, of.workspaceId),

  inventorySender: ({ db }: ReaderFiles, of: NodeKey) => readInventorySender(db, of),
  inventoryClusters: ({ db }: ReaderFiles, of: { workspaceId: string }) => readInventoryClusters(db, of.workspaceId),
  inventoryNamespaces: ({ db }: ReaderFiles, of: InventoryAsked) =>
    readInventoryNamespaces(db, of.workspaceId, of.query),
  inventoryWorkloads: ({ db }: ReaderFiles, of: InventoryAsked) => readInventoryWorkloads(db, of.workspaceId, of.query),
  inventoryPods: ({ db }: ReaderFiles, of: InventoryAsked) => readInventoryPods(db, of.workspaceId, of.query),
  inventoryObjects: ({ db }: ReaderFiles, of: InventoryAsked) => readInventoryObjects(db, of.workspaceId, of.query),
  inventoryObject: ({ db }: ReaderFiles, of: { workspaceId: string; cluster: string; uid: string }) =>
    readInventoryObject(db, of.workspaceId, of),

  apiChanges: ({ db }: ReaderFiles, of: { workspaceId: string; query: ChangeQuery }) =>
    readApiChanges(db, of.workspaceId, of.query),

  accounts: ({ db }: ReaderFiles, of: { workspaceId: string }) => readAccounts(db, of.workspaceId),
  tokens: ({ db }: ReaderFiles, of: { workspaceId: string; user: string | undefined }) =>
    readTokens(db, of.workspaceId, of.user),
  workspaces: ({ db }: ReaderFiles, _: object) => readWorkspaces(db),

  auditCredentials({ db }: ReaderFiles, of: { workspaceId: string }): AuditCredential[] {
    const query = db.query.selectFrom("credentials").selectAll().where("workspace_id", "=", of.workspaceId);
    const rows = db.rows(query.where("use", "=", "audit").orderBy("created_us", "desc").limit(1_000));
    return rows.map(({ credential_id, cluster, created_us, revoked_us, last_used_us }) => {
      return { credential_id, cluster, created_us, revoked_us, last_used_us };
    });
  },
} as const;

export type ReaderQueries = typeof readerQueries;
export type ReaderQuery = keyof ReaderQueries;
export type QueryArgument<Q extends ReaderQuery> = Parameters<ReaderQueries[Q]>[1];
export type QueryResult<Q extends ReaderQuery> = ReturnType<ReaderQueries[Q]>;
