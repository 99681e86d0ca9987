// The tables of hub.sqlite. Every key starts with workspace_id: one hub serves several workspaces, and no query
// can forget whose rows it reads. Times are microseconds of the epoch. JSON columns are text.

import type { Generated } from "kysely";

type Owned = { workspace_id: string };

export type WorkspaceTable = Owned & {
  /** Grows by one with every committed change of an alert: the id of the live stream's events. */
  commit_no: number;
  events_total: number;
  created_us: number;
};

export type AlertTable = Owned & {
  alert_id: string;
  fold_key: string;
  rule: string;
  source: string;
  status: string;
  severity: string;
  muted: number;
  assignee: string | null;
  count: number;
  evidence_count: number;
  first_seen_us: number;
  last_seen_us: number;
  committed_us: number;
  commit_no: number;
  cluster: string | null;
  namespace: string | null;
  container_id: string | null;
  container_name: string | null;
  node: string | null;
  /** ATT&CK ids with a space on either side, so that one is found by ` T1496 `. */
  techniques: string;
  /** Folded to lower case without accents: what `q` is looked for in. */
  search_text: string;
  /** The parts of a summary that never change but for what the inventory adds, as JSON. */
  summary: string;
  pod_uid: string | null;
  /** Nothing more is to be learnt of the pod. */
  pod_known: number;
  /** What made the pod in the end: `Deployment/shop`. */
  workload: string | null;
  /** A DoneByShort as JSON; null where nobody is known. */
  done_by: string | null;
  /** Matches whose line of processes is none of those that are kept: beyond the limit, or in no pod. */
  lines_left_out: number;
};
/** The long part of an alert, apart so that lists read few pages. */
export type AlertDocumentTable = Owned & { alert_id: string; document: string };
export type AlertEvidenceTable = Owned & { alert_id: string; evidence_no: number; hash: string; evidence: string };
export type AlertCommentTable = Owned & {
  alert_id: string;
  comment_no: number;
  time_us: number;
  user: string;
  action: string;
  text: string;
};
/** What the flight recorder had of an alert's container. `frames`: as they came, packed with zstd; null before. */
export type AlertRecordingTable = Owned & {
  alert_id: string;
  cluster: string;
  node: string;
  container_id: string;
  /** asked, answered, refused. */
  state: string;
  from_us: number;
  asked_us: number;
  answered_us: number | null;
  kept_from_us: number | null;
  is_cut: number;
  damaged: number;
  frames: Uint8Array | null;
};
/** Which alerts are about which process: the marks in other alerts' trees. */
export type AlertProcessTable = Owned & { boot_no: number; pid: number; start_us: number; alert_id: string };
/** By which line of processes each alert was raised, and who did it (DoneBy[] as JSON). pid 0: not known by which. */
export type AlertEntryTable = Owned & {
  alert_id: string;
  boot_no: number;
  pid: number;
  start_us: number;
  cluster: string;
  namespace: string;
  pod: string;
  container: string | null;
  first_us: number;
  last_us: number;
  done_by: string | null;
  /** How it came into its container, since that was seen: its start may be forgotten sooner. */
  origin: string | null;
};
/** Sessions into pods, from audit records. `command` and `told` (PodSession) are JSON. */
export type WhoSessionTable = Owned & {
  cluster: string;
  namespace: string;
  pod: string;
  session_id: string;
  kind: string;
  container: string | null;
  received_us: number;
  started_us: number | null;
  ended_us: number | null;
  command: string | null;
  told: string;
  /** When its last record came to the hub. */
  seen_us: number;
};
/** Processes that came into a pod's container from outside. `argv` and `done_by` (DoneBy) are JSON. */
export type WhoStartTable = Owned & {
  boot_no: number;
  pid: number;
  start_us: number;
  cluster: string;
  namespace: string;
  pod: string;
  container: string | null;
  container_id: string;
  /** 0 for what came into a container that was there, else how it is its container's first: see startKinds. */
  is_init: number;
  time_us: number;
  argv: string;
  script: string | null;
  is_cut: number;
  seen_us: number;
  /** When the node has been heard so far, its records change nothing more; null where it has. */
  settles_us: number | null;
  done_by: string | null;
};
/** Pods that wait to be looked at, the one that waits longest first. `windows` (Window[]) is JSON. */
export type WhoWaitingTable = Owned & {
  waiting_no: Generated<number>;
  cluster: string;
  namespace: string;
  pod: string;
  windows: string;
};
export type AlertCountTable = Owned & { status: string; severity: string; n: number };
export type AlertMinuteTable = Owned & { minute_us: number; severity: string; n: number };

/** A boot of a node, by number: processes are known by it, and a number is short. */
/** `heard_us`: how far its life-cycle records have come. */
export type BootTable = Owned & {
  boot_no: number;
  cluster: string;
  node: string;
  boot_id: string;
  heard_us: Generated<number>;
};
/** How far a ring's class has been committed: what makes a second delivery a duplicate. */
export type StreamTable = Owned & { stream: string; positions: string; updated_us: number };
/** What the hub did with the events of a node, by class: received, committed, duplicate, kept (process rows), matched. */
export type LedgerTable = Owned & {
  cluster: string;
  node: string;
  stream: string;
  class: string;
  reason: string;
  n: number;
};
/** What a node's collector and publisher counted, as JSON. */
export type NodeAccountTable = Owned & { cluster: string; node: string; account: string };
/** What a node's publisher said last, as JSON. */
export type NodeSyncTable = Owned & { cluster: string; node: string; synced_us: number; sync: string };
export type AuditWindowTable = Owned & { cluster: string; batch_no: number; hashes: Uint8Array; seen_us: number };
/** What rules that count hold, as a log that each evaluator writes: a row a batch, the last entry of a window counts. */
export type WindowLogTable = Owned & { evaluator: number; row: number; entries: string; updated_us: number };

export type RuleStateTable = Owned & { rule: string; enabled: number; user: string; changed_us: number };
export type SettingTable = Owned & { name: string; value: string };
export type SensorTable = Owned & {
  sensor_id: string;
  cluster: string;
  node: string;
  last_seen_us: number;
  report: string;
};
export type AccountTable = Owned & { user: string; password_hash: string; role: string };
export type SessionTable = Owned & {
  secret_hash: string;
  kind: string;
  name: string;
  user: string;
  role: string;
  csrf: string;
  expires_us: number;
  created_us: number;
};
export type CredentialTable = Owned & {
  credential_id: string;
  secret_hash: string;
  use: string;
  cluster: string;
  created_us: number;
  revoked_us: number | null;
  last_used_us: number | null;
};

export type EnrolmentTokenTable = Owned & {
  token_id: string;
  secret_hash: string;
  cluster: string;
  /** Null for any. */
  node: string | null;
  /** "token" or "local". */
  proof: string;
  created_us: number;
  created_by: string;
  expires_us: number;
  used_us: number | null;
  used_by_node: string | null;
  /** SHA-256 of the key that used it: the same key may ask again, after an answer that was lost. */
  used_by_key: string | null;
  revoked_us: number | null;
  /** 1: what it enrols may send an API server's audit log. */
  may_audit: number;
};
/** A node that may send. A certificate counts only with the node's present key, or the one before (a renewal's answer may be lost). */
export type NodeTable = Owned & {
  node_id: string;
  cluster: string;
  node: string;
  proof: string;
  key_sha256: string;
  previous_key_sha256: string | null;
  enrolled_us: number;
  renewed_us: number;
  expires_us: number;
  revoked_us: number | null;
  revoked_by: string | null;
  may_audit: number;
};
/** By which keys a cluster's service-account tokens are verified. */
export type ClusterKeyTable = Owned & {
  cluster: string;
  issuer: string;
  jwks: string;
  namespace: string;
  service_account: string;
  audit_service_account: string;
  created_us: number;
  created_by: string;
};
/** Which key a pod enrolled with: a second one is a copied token. */
export type EnrolledPodTable = Owned & { cluster: string; pod_uid: string; key_sha256: string; first_us: number };
/** Every change through the API, also the refused ones. */
export type ApiChangeTable = Owned & {
  change_no: number;
  time_us: number;
  user: string;
  by: string;
  address: string;
  method: string;
  route: string;
  object: string;
  status: number;
};

/** One object of a cluster, as its inventory told it last. */
export type InventoryObjectTable = Owned & {
  cluster: string;
  uid: string;
  kind: string;
  namespace: string;
  name: string;
  resource_version: string;
  /** By which list of which inventory it was last seen: grows, so that what a whole list did not see is gone. */
  seen: number;
  owner_kind: string | null;
  owner_name: string | null;
  owner_uid: string | null;
  workload_kind: string | null;
  workload_name: string | null;
  /** 1 for what is listed as a workload: it makes pods and is not itself made by one that is known. */
  is_workload: number;
  node: string | null;
  service_account: string | null;
  /** Names and digests of its images, with spaces between: what `image` is looked for in. */
  images: string;
  labels: string;
  facts: string;
  created_us: number;
  changed_us: number;
  gone_us: number | null;
};
/** Who told a cluster's objects last. */
export type InventorySourceTable = Owned & {
  cluster: string;
  node: string;
  /** When it started, as it says: tells it from another. `epoch_bound_us`: not later than the hub's clock allowed. */
  epoch_us: number;
  epoch_bound_us: number;
  /** How many inventories there were. */
  serial: number;
  seen_us: number;
  /** Kinds that the present one has listed whole, as JSON. */
  complete: string;
  status: string | null;
  objects: number;
  superseded: number;
  over_limit: number;
  malformed: number;
};
/** Nodes that may send their cluster's inventory: a pod of theirs has proved that it is the inventory's. */
export type InventorySenderTable = Owned & {
  cluster: string;
  node: string;
  pod_uid: string;
  granted_us: number;
  until_us: number;
};

export type HubTables = {
  workspaces: WorkspaceTable;
  alerts: AlertTable;
  alert_documents: AlertDocumentTable;
  alert_evidence: AlertEvidenceTable;
  alert_comments: AlertCommentTable;
  alert_processes: AlertProcessTable;
  alert_entries: AlertEntryTable;
  alert_recordings: AlertRecordingTable;
  who_sessions: WhoSessionTable;
  who_starts: WhoStartTable;
  who_waiting: WhoWaitingTable;
  alert_counts: AlertCountTable;
  alert_minutes: AlertMinuteTable;
  boots: BootTable;
  streams: StreamTable;
  ledger: LedgerTable;
  node_accounts: NodeAccountTable;
  node_syncs: NodeSyncTable;
  audit_windows: AuditWindowTable;
  window_log: WindowLogTable;
  rule_states: RuleStateTable;
  settings: SettingTable;
  sensors: SensorTable;
  accounts: AccountTable;
  sessions: SessionTable;
  credentials: CredentialTable;
  enrolment_tokens: EnrolmentTokenTable;
  nodes: NodeTable;
  cluster_keys: ClusterKeyTable;
  enrolled_pods: EnrolledPodTable;
  api_changes: ApiChangeTable;
  inventory_objects: InventoryObjectTable;
  inventory_sources: InventorySourceTable;
  inventory_senders: InventorySenderTable;
};

/** One step in a process' life, in a file a day. Clustered by the parent: a tree is read from its parents down. */
export type ProcessStepTable = Owned & {
  boot_no: number;
  ppid: number;
  parent_start_us: number;
  pid: number;
  start_us: number;
  time_us: number;
  /** 0 a fork, 1 an exec, 2 found running at the collector's start. */
  kind: number;
  uid: number | null;
  /** 0 unknown, 1 image, 2 added, 3 memory. */
  origin: number;
  name: string;
  exe_path: string;
  cmdline: string;
  container_id: string;
};
/** A process' end, by its own key: an orphan's end names another parent than its start did. */
export type ProcessEndTable = Owned & {
  boot_no: number;
  pid: number;
  start_us: number;
  time_us: number;
  exit_code: number | null;
  exit_signal: number | null;
};
export type EventTables = { process_steps: ProcessStepTable; process_ends: ProcessEndTable };
