import type { RecordCounts } from "@atalaya/audit";
import type {
  Alert,
  AlertAction,
  AlertPage,
  AlertQuery,
  AlertSummary,
  ApiEvent,
  AtalayaEvent,
  AuditCredential,
  DriftPolicy,
  ExplainedPlan,
  FilterPlan,
  Frame,
  LedgerPage,
  Notification,
  ProcessPage,
  ProcessQuery,
  Rule,
  Sensor,
  SignedState,
  Status,
  SyncRequest,
} from "@atalaya/wire";
import type { PeopleStore } from "./auth/people-store.ts";
import type { MadeBackup } from "./backup/make-backup.ts";
import type { ChangeStore } from "./changes/change-store.ts";
import type { EnrolmentStore } from "./enrolment/enrolment-store.ts";
import type { InventoryStore } from "./inventory/inventory-store.ts";
import type { LedgerQuery } from "./ledger/account-table.ts";
import type { NodeKey } from "./ledger/node-account.ts";
import type { RecorderStore } from "./recorder/recorder-store.ts";

/** Who sends: names the workspace that everything it sends belongs to. */
export type SenderIdentity = {
  workspaceId: string;
  credentialId: string;
  cluster: string;
  /** The node that the certificate names; null for an API server's credential. */
  node: string | null;
  /** It may bring the cluster's audit records. */
  mayAudit: boolean;
};

export type AccountRow = { user: string; passwordHash: string; role: "viewer" | "analyst" | "admin" };
export type SessionRow = {
  user: string;
  role: AccountRow["role"];
  workspaceId: string;
  expiresUs: number;
  csrf: string;
  /** The name of a token for the command line; absent for a browser. */
  tokenName?: string;
};

/** What the pipeline tells the streams: `commit` grows with every committed change and is the SSE event id. */
export type CommittedAlert = { workspaceId: string; commit: number; alert: AlertSummary };
export type LiveListener = {
  alert?(change: CommittedAlert): void;
  sensor?(workspaceId: string, sensor: Sensor): void;
  event?(workspaceId: string, node: string, event: AtalayaEvent): void;
};

/**
 * The hub behind its API: pipeline and store. The server (TLS, sessions, routes, streams) knows only this.
 * Every method is asynchronous because the database lives in threads of its own; every row belongs to a workspace.
 */
export type HubCore = {
  /** Resolves after evaluation and commit. Throws Fault BUSY (facts.retry_after_s) before memory grows. */
  ingest(frames: readonly Frame[], sender: SenderIdentity): Promise<{ accepted: number; duplicates: number }>;
  /** `lost`: what came with them and nobody can read, for the ledger. */
  audit(events: readonly ApiEvent[], sender: SenderIdentity, lost?: RecordCounts): Promise<{ accepted: number }>;
  filterPlan(): FilterPlan;
  /** The same, with the rules that ask for each entry. */
  explainedPlan(): ExplainedPlan;

  /** Takes what a node's publisher says of itself. */
  synced(of: NodeKey, request: SyncRequest, arrivedUs: number): void;
  /** Something named another node, cluster or workspace than the proof that brought it: counted, and told as news. */
  mismatched(of: NodeKey, reason: string, object: string): void;
  /** The node's desired state where it is newer than `holds`; waits so long for one, until `signal` aborts. */
  desiredState(of: NodeKey, holds: number, waitMs: number, signal: AbortSignal): Promise<SignedState | undefined>;
  /** The account of every node, a page at a time. */
  ledger(workspaceId: string, query: LedgerQuery): Promise<LedgerPage>;
  /** Answers those who wait for news: the hub is about to stop. */
  releaseHeld(): void;

  alertPage(workspaceId: string, query: AlertQuery): Promise<AlertPage>;
  processPage(workspaceId: string, query: ProcessQuery): Promise<ProcessPage>;
  alert(workspaceId: string, alertId: string): Promise<Alert | undefined>;
  actOnAlert(workspaceId: string, alertId: string, action: AlertAction, user: string): Promise<Alert | undefined>;
  /** Changes after `commit`, oldest first, at most 1,000: what a resumed stream missed. */
  alertsSince(workspaceId: string, commit: number): Promise<CommittedAlert[]>;
  lastCommit(workspaceId: string): Promise<number>;
  testAlert(workspaceId: string, user: string): Promise<Alert>;

  rules(workspaceId: string): Promise<Rule[]>;
  setRuleEnabled(workspaceId: string, rule: string, enabled: boolean, user: string): Promise<Rule | undefined>;
  sensors(workspaceId: string): Promise<Sensor[]>;
  status(workspaceId: string): Promise<Status>;

  account(workspaceId: string, user: string): Promise<AccountRow | undefined>;
  putAccount(workspaceId: string, account: AccountRow): Promise<void>;
  /** Sessions and API tokens are stored by the SHA-256 of their secret. */
  putSession(secretHash: string, session: SessionRow, kind: "browser" | "token", name: string): Promise<void>;
  session(secretHash: string): Promise<SessionRow | undefined>;
  deleteSession(secretHash: string): Promise<void>;
  putCredential(
    secretHash: string,
    row: { credentialId: string; workspaceId: string; use: "sensor" | "audit"; cluster: string },
  ): Promise<void>;
  credential(secretHash: string, use: "sensor" | "audit"): Promise<SenderIdentity | undefined>;
  auditCredentials(workspaceId: string): Promise<AuditCredential[]>;
  revokeCredential(workspaceId: string, credentialId: string): Promise<boolean>;
  notification(workspaceId: string): Promise<Notification>;
  /** `ifVersions`: only in place of one of these (settingVersion), else it throws CHANGED_SINCE. */
  putNotification(workspaceId: string, notification: Notification, ifVersions?: readonly string[]): Promise<void>;
  /** Without rules where nobody set one. */
  driftPolicy(workspaceId: string): Promise<DriftPolicy>;
  /** `ifVersions` as above. */
  putDriftPolicy(workspaceId: string, policy: DriftPolicy, ifVersions?: readonly string[]): Promise<void>;

  /** What some containers did before an alert. */
  readonly recorder: RecorderStore;
  /** Who may send, and how nodes become known. */
  readonly enrolment: EnrolmentStore;
  readonly people: PeopleStore;
  /** What clusters are made of. */
  readonly inventory: InventoryStore;
  /** Who changed what through the API. */
  readonly apiChanges: ChangeStore;

  listen(listener: LiveListener): () => void;
  /** A backup of everything, at one moment; to be closed when it was read. Throws Fault BUSY, STORE_FULL. */
  backup(): Promise<MadeBackup>;
  /** Prometheus figures of pipeline, store and nodes, in their text form; of the nodes of one workspace, or of all. */
  metrics(workspaceId?: string): Promise<string>;
  close(): Promise<void>;
};
