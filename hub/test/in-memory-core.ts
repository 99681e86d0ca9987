import type { LostRecords } from "@atalaya/audit";
import type {
  Alert,
  AlertSummary,
  AtalayaEvent,
  AuditCredential,
  DriftPolicy,
  Frame,
  Notification,
  RecorderPolicy,
  Rule,
  Sensor,
} from "@atalaya/wire";
import { decodeEvents, decodeInventory, emptyFilterPlan, Fault } from "@atalaya/wire";
import type { ChangeRow } from "../src/changes/change-store.ts";
import { requireVersion } from "../src/core/setting-version.ts";
import type { AccountRow, CommittedAlert, HubCore, LiveListener, SenderIdentity, SessionRow } from "../src/hub-core.ts";
import { InMemoryEnrolment } from "./in-memory-enrolment.ts";

type CredentialRow = SenderIdentity & {
  use: "sensor" | "audit";
  created_us: number;
  revoked_us: number | null;
  last_used_us: number | null;
};

/** HubCore without pipeline and disk, for tests of the server alone. What a test may look at or change is public. */
export class InMemoryCore implements HubCore {
  readonly accounts = new Map<string, AccountRow>();
  readonly sessions = new Map<string, SessionRow>();
  readonly credentials = new Map<string, CredentialRow>();
  readonly changed: ChangeRow[] = [];
  readonly apiChanges: HubCore["apiChanges"] = {
    add: async (rows) => void this.changed.push(...rows),
    page: async (workspaceId) => {
      const own = this.changed.filter((row) => row.workspaceId === workspaceId).reverse();
      return {
        changes: own.map(({ workspaceId: _, ...row }, i) => ({ change_id: `${own.length - i}`, ...row })),
        next: null,
      };
    },
  };
  readonly people: HubCore["people"] = {
    accounts: async () => [...this.accounts.values()].map(({ user, role }) => ({ user, role })),
    deleteAccount: async (_, user) => this.accounts.delete(user),
    endSessions: async (_, user) => {
      for (const [hash, session] of this.sessions) if (session.user === user) this.sessions.delete(hash);
    },
    tokens: async () => [],
    deleteToken: async () => false,
    workspaces: async () => [{ workspace: "default", accounts: this.accounts.size }],
    makeWorkspace: async (workspaceId) => workspaceId !== "default",
  };
  readonly alerts = new Map<string, Alert>();
  readonly changes: CommittedAlert[] = [];
  readonly ingested: { frames: readonly Frame[]; sender: SenderIdentity }[] = [];
  readonly audited: { events: readonly AtalayaEvent[]; sender: SenderIdentity; lost?: LostRecords | undefined }[] = [];
  readonly ruleList: Rule[] = [exampleRule()];
  readonly sensorList: Sensor[] = [];
  readonly listeners = new Set<LiveListener>();
  setting: Notification = { enabled: false, url: "", shape: "json", min_severity: "low", stdout: false, file: null };
  drift: DriftPolicy = { rules: [] };
  recorded: RecorderPolicy = { scopes: [] };
  readonly recorder: HubCore["recorder"] = {
    policy: async () => this.recorded,
    putPolicy: async (_, policy, ifVersions) => {
      requireVersion(this.recorded, ifVersions);
      this.recorded = policy;
    },
    pulls: () => [],
    open: () => undefined,
    answer: async () => undefined,
    page: async () => undefined,
  };
  /** When set, ingest answers with it. */
  ingestFault: Fault | undefined;
  closed = false;

  /** Commits a change of an alert, as the pipeline would, and tells the listeners. */
  commit(alert: Alert): CommittedAlert {
    this.alerts.set(alert.alert_id, alert);
    const change = { workspaceId: "default", commit: this.changes.length + 1, alert: summaryOf(alert) };
    this.changes.push(change);
    for (const listener of this.listeners) listener.alert?.(change);
    return change;
  }

  tellEvent(node: string, event: AtalayaEvent): void {
    for (const listener of this.listeners) listener.event?.("default", node, event);
  }

  tellSensor(sensor: Sensor): void {
    for (const listener of this.listeners) listener.sensor?.("default", sensor);
  }

  async ingest(frames: readonly Frame[], sender: SenderIdentity) {
    if (this.ingestFault !== undefined) throw this.ingestFault;
    for (const frame of frames) {
      const events = frame.header.class === "inventory" ? decodeInventory(frame.body) : decodeEvents(frame.body);
      if (!events.ok) throw new Fault(events.code, events.reason);
    }
    this.ingested.push({ frames, sender });
    return { accepted: frames.length, duplicates: 0 };
  }

  async audit(events: readonly AtalayaEvent[], sender: SenderIdentity, lost?: LostRecords) {
    this.audited.push({ events, sender, lost });
    return { accepted: events.length };
  }

  explainedPlan() {
    return { plan: this.filterPlan(), entries: [], widened: [] };
  }

  filterPlan() {
    return { ...emptyFilterPlan, version: 7 };
  }

  readonly synced: HubCore["synced"] = () => {};

  /** What was told of identities that do not match. */
  readonly mismatches: [node: string, reason: string][] = [];
  readonly mismatched: HubCore["mismatched"] = ({ node }, reason) => this.mismatches.push([node, reason]);

  async desiredState() {
    return undefined;
  }

  async ledger() {
    return { nodes: [], next: null };
  }

  releaseHeld() {}

  readonly inventoryNodes = new Set<string>();
  readonly inventory: HubCore["inventory"] = {
    allow: async ({ cluster, node }) => void this.inventoryNodes.add(`${cluster}/${node}`),
    mayBeSentBy: async ({ cluster, node }) => this.inventoryNodes.has(`${cluster}/${node}`),
    clusters: async () => [],
    namespaces: async () => ({ namespaces: [] }),
    workloads: async () => ({ workloads: [] }),
    pods: async () => ({ pods: [] }),
    objects: async () => ({ objects: [] }),
    object: async () => undefined,
  };

  async backup() {
    return { bytes: 0, read: async function* () {}, close() {} };
  }

  async alertPage() {
    const alerts = [...this.alerts.values()].reverse().map(summaryOf);
    return { alerts, counts: { status: {}, severity: {} }, histogram: [] };
  }

  async processPage() {
    return { processes: [], searched_to_us: 0 };
  }

  async alert(_workspaceId: string, alertId: string) {
    return this.alerts.get(alertId);
  }

  async actOnAlert(_workspaceId: string, alertId: string, action: { action: string; text: string }, user: string) {
    const alert = this.alerts.get(alertId);
    if (alert === undefined) return undefined;
    const status = action.action === "acknowledge" ? ("acknowledged" as const) : alert.status;
    const comment = { time_us: 1, user, action: "acknowledge" as const, text: action.text };
    const changed = { ...alert, status, comments: [...alert.comments, comment] };
    this.commit(changed);
    return changed;
  }

  async alertsSince(_workspaceId: string, commit: number) {
    return this.changes.filter((change) => change.commit > commit).slice(0, 1_000);
  }

  async lastCommit() {
    return this.changes.length;
  }

  async testAlert(_workspaceId: string, user: string) {
    const alert = exampleAlert({ alert_id: "test-1", tags: ["test"], who: { user } });
    this.commit(alert);
    return alert;
  }

  async rules() {
    return this.ruleList;
  }

  async setRuleEnabled(_workspaceId: string, name: string, enabled: boolean) {
    const rule = this.ruleList.find((one) => one.rule === name);
    if (rule !== undefined) rule.enabled = enabled;
    return rule;
  }

  async sensors() {
    return this.sensorList;
  }

  async status() {
    const figures = { sensors_live: 0, sensors_total: 0, events_per_second: 0, events_total: 0, lost_total: 0 };
    const rules = { rules_enabled: 1, rules_total: 1, rule_problems: [], sensor_missing: null };
    return { version: "0.0.0", started_us: 1, behind_us: 0, alerts_open: this.alerts.size, ...figures, ...rules };
  }

  async account(_workspaceId: string, user: string) {
    return this.accounts.get(user);
  }

  async putAccount(_workspaceId: string, account: AccountRow) {
    this.accounts.set(account.user, account);
  }

  async putSession(secretHash: string, session: SessionRow) {
    this.sessions.set(secretHash, session);
  }

  async session(secretHash: string) {
    return this.sessions.get(secretHash);
  }

  async deleteSession(secretHash: string) {
    this.sessions.delete(secretHash);
  }

  async putCredential(secretHash: string, row: Omit<SenderIdentity, "node"> & { use: "sensor" | "audit" }) {
    this.credentials.set(secretHash, { ...row, node: null, created_us: 1, revoked_us: null, last_used_us: null });
  }

  async credential(secretHash: string, use: "sensor" | "audit") {
    const row = this.credentials.get(secretHash);
    return row?.use === use && row.revoked_us === null ? row : undefined;
  }

  async auditCredentials(): Promise<AuditCredential[]> {
    const rows = [...this.credentials.values()].filter((row) => row.use === "audit");
    return rows.map(({ credentialId, cluster, created_us, revoked_us, last_used_us }) => {
      return { credential_id: credentialId, cluster, created_us, revoked_us, last_used_us };
    });
  }

  async revokeCredential(_workspaceId: string, credentialId: string) {
    const row = [...this.credentials.values()].find((one) => one.credentialId === credentialId);
    if (row === undefined || row.revoked_us !== null) return false;
    row.revoked_us = 2;
    return true;
  }

  async notification() {
    return this.setting;
  }

  async putNotification(_workspaceId: string, setting: Notification, ifVersions?: readonly string[]) {
    requireVersion(this.setting, ifVersions);
    this.setting = setting;
  }

  async driftPolicy() {
    return this.drift;
  }

  async putDriftPolicy(_workspaceId: string, policy: DriftPolicy, ifVersions?: readonly string[]) {
    requireVersion(this.drift, ifVersions);
    this.drift = policy;
  }

  readonly enrolment = new InMemoryEnrolment();

  listen(listener: LiveListener) {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  }

  async metrics() {
    return "# HELP atalaya_core_test Core.\n# TYPE atalaya_core_test gauge\natalaya_core_test 1\n";
  }

  async close() {
    this.closed = true;
  }
}

function summaryOf(alert: Alert): AlertSummary {
  const { alert_id, rule, source, title, summary, severity, priority, status, assignee, muted } = alert;
  const { count, first_seen_us, last_seen_us, committed_us, where, attack, tags } = alert;
  const who = { alert_id, rule, source, title, summary, severity, priority, status, assignee, muted };
  return { ...who, count, first_seen_us, last_seen_us, committed_us, where, attack, tags };
}

export function exampleAlert(change: Partial<Alert> = {}): Alert {
  const nowUs = Date.now() * 1000;
  return {
    alert_id: "a-1",
    rule: "web_shell",
    source: "syscall",
    title: { en: "Possible web shell", es: "Posible shell web" },
    summary: { en: "nginx started sh", es: "nginx inició sh" },
    description: { en: "A web server started a shell.", es: "Un servidor web inició un shell." },
    severity: "high",
    priority: "Warning",
    status: "new",
    assignee: null,
    muted: false,
    count: 1,
    first_seen_us: nowUs,
    last_seen_us: nowUs,
    committed_us: nowUs,
    where: { node: "node-1", container_id: "9c41e7d0a2f1" },
    who: { uid: 33 },
    attack: [{ id: "T1505.003", name: "Web Shell", tactic: "persistence" }],
    tags: ["container"],
    triage: [],
    blind_spots: [],
    why: {
      kind: "and",
      text: "spawned_process and shell",
      result: true,
      children: [{ kind: "leaf", text: "proc.name = sh", result: true, value: "sh" }],
    },
    rule_file: "web-shell.yaml",
    rule_line: 3,
    condition: "spawned_process and shell",
    output: "nginx started sh (user=www-data)",
    output_fields: { "proc.name": "sh", "user.name": null },
    process_tree: [],
    evidence: [],
    comments: [],
    raw: { class: "process", activity: "exec" },
    ...change,
  };
}

function exampleRule(): Rule {
  return {
    rule: "web_shell",
    source: "syscall",
    pack: "built-in",
    file: "web-shell.yaml",
    line: 3,
    enabled: true,
    title: { en: "Possible web shell", es: "Posible shell web" },
    description: { en: "", es: "" },
    severity: "high",
    priority: "Warning",
    condition: "spawned_process",
    output: "shell",
    tags: [],
    attack: [],
    triage: [],
    blind_spots: [],
    alerts_24h: 0,
    last_alert_us: null,
  };
}
