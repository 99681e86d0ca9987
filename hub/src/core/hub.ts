import { randomUUID } from "node:crypto";
import type { RecordCounts } from "@atalaya/audit";
import {
  type Alert,
  type AlertAction,
  type AlertPage,
  type AlertQuery,
  type ApiEvent,
  type DriftPolicy,
  type ExplainedPlan,
  Fault,
  type FilterPlan,
  type Frame,
  type LedgerPage,
  type Notification,
  notificationSchema,
  type ProcessPage,
  type ProcessQuery,
  type Rule,
  type Sensor,
  type SignedState,
  type Status,
  type SyncRequest,
} from "@atalaya/wire";
import type { PeopleStore } from "../auth/people-store.ts";
import type { MadeBackup } from "../backup/make-backup.ts";
import type { ChangeStore } from "../changes/change-store.ts";
import type { AccountRow, CommittedAlert, HubCore, LiveListener, SenderIdentity, SessionRow } from "../hub-core.ts";
import type { InventoryStore } from "../inventory/inventory-store.ts";
import type { LedgerQuery } from "../ledger/account-table.ts";
import { LedgerMetrics, type NodeFigures } from "../ledger/ledger-metrics.ts";
import type { NodeKey } from "../ledger/node-account.ts";
import { recorderRecords } from "../recorder/recorder-records.ts";
import type { RecorderStore } from "../recorder/recorder-store.ts";
import { defaultWorkspace } from "../server/workspace.ts";
import type { CredentialRow } from "../store/state-writes.ts";
import { AccessRecords } from "./access-records.ts";
import { EnrolmentRecords } from "./enrolment-records.ts";
import type { HubParts } from "./hub-parts.ts";
import { inventoryRecords } from "./inventory-records.ts";
import { peopleRecords } from "./people-records.ts";
import { requireVersion } from "./setting-version.ts";
import { testEvent, testRuleName } from "./test-alert.ts";
import { Turns } from "./turns.ts";

const noneLost: RecordCounts = { undecodable: 0, too_large: 0 };
const dayUs = 86_400_000_000;
const noNotification: Notification = {
  enabled: false,
  url: "",
  shape: "json",
  min_severity: "medium",
  stdout: false,
  file: null,
};

/** HubCore over the threads: asks, tells, and keeps no state of its own but what HubParts holds. */
export class Hub implements HubCore {
  readonly #parts: HubParts;
  readonly #access: AccessRecords;
  readonly #nodeMetrics = new LedgerMetrics();
  readonly #notifications = new Turns();
  readonly enrolment: EnrolmentRecords;
  readonly people: PeopleStore;
  readonly inventory: InventoryStore;
  readonly recorder: RecorderStore;
  readonly apiChanges: ChangeStore;

  constructor(parts: HubParts) {
    this.#parts = parts;
    this.enrolment = new EnrolmentRecords(parts.readers, parts.writer, (row, revoked) =>
      parts.setRevoked(row, revoked),
    );
    this.apiChanges = {
      add: (rows) => parts.writer.write("addApiChanges", [...rows]),
      page: (workspaceId, query) => parts.readers.ask("apiChanges", { workspaceId, query }),
    };
    this.#access = new AccessRecords(parts.readers, parts.writer, (error) => parts.log("a credential's use", error));
    this.inventory = inventoryRecords(parts.readers, parts.writer);
    this.recorder = recorderRecords(parts);
    this.people = peopleRecords(parts.readers, parts.writer, (is) => this.#access.forgetSessions(is));
  }

  async ingest(frames: readonly Frame[], sender: SenderIdentity): Promise<{ accepted: number; duplicates: number }> {
    return this.#counted(() => this.#parts.ingest.frames(frames, sender));
  }

  async audit(
    events: readonly ApiEvent[],
    sender: SenderIdentity,
    lost: RecordCounts = noneLost,
  ): Promise<{ accepted: number }> {
    const { accepted } = await this.#counted(() => this.#parts.ingest.records(events, lost, sender));
    return { accepted };
  }

  async #counted<T>(work: () => Promise<T>): Promise<T> {
    try {
      this.#parts.room.require();
      return await work();
    } catch (error) {
      if (error instanceof Fault) this.#parts.metrics.refused(error.code);
      throw error;
    }
  }

  filterPlan(): FilterPlan {
    return this.#parts.rules.plan;
  }

  explainedPlan(): ExplainedPlan {
    return this.#parts.rules.explained;
  }

  synced(of: NodeKey, request: SyncRequest, arrivedUs: number): void {
    this.#parts.synced(of, request, arrivedUs);
  }

  mismatched(of: NodeKey, reason: string, object: string): void {
    this.#parts.health.mismatched(of, reason, object);
  }

  desiredState(of: NodeKey, holds: number, waitMs: number, signal: AbortSignal): Promise<SignedState | undefined> {
    return this.#parts.states.await(of, holds, waitMs, signal);
  }

  async ledger(workspaceId: string, query: LedgerQuery): Promise<LedgerPage> {
    return this.#parts.accounts.page(workspaceId, query);
  }

  releaseHeld(): void {
    this.#parts.states.held.close();
  }

  alertPage(workspaceId: string, query: AlertQuery): Promise<AlertPage> {
    return this.#parts.readers.ask("alertPage", { workspaceId, query });
  }

  processPage(workspaceId: string, query: ProcessQuery): Promise<ProcessPage> {
    return this.#parts.readers.ask("processPage", { workspaceId, query });
  }

  alert(workspaceId: string, alertId: string): Promise<Alert | undefined> {
    return this.#parts.readers.ask("alert", { workspaceId, alertId });
  }

  async actOnAlert(
    workspaceId: string,
    alertId: string,
    action: AlertAction,
    user: string,
  ): Promise<Alert | undefined> {
    const change = await this.#parts.writer.write("actOnAlert", { workspaceId, alertId, action, user });
    return change === undefined ? undefined : this.alert(workspaceId, alertId);
  }

  alertsSince(workspaceId: string, commit: number): Promise<CommittedAlert[]> {
    return this.#parts.readers.ask("alertsSince", { workspaceId, commit });
  }

  async lastCommit(workspaceId: string): Promise<number> {
    return this.#parts.workspace(workspaceId).commitNo;
  }

  async testAlert(workspaceId: string, user: string): Promise<Alert> {
    const { cluster, node } = this.#parts.options;
    const token = randomUUID();
    let alertId: string | undefined;
    const stop = this.listen({
      alert: ({ alert }) => {
        if (alert.rule === testRuleName && alert.summary.en.includes(token)) alertId = alert.alert_id;
      },
    });
    try {
      await this.#parts.ingest.made(testEvent(user, token), { workspaceId, cluster, node, bootId: "" });
    } finally {
      stop();
    }
    const alert = alertId === undefined ? undefined : await this.alert(workspaceId, alertId);
    if (alert !== undefined) return alert;
    throw new Fault("RULES_BROKEN", `The rule “${testRuleName}” raised nothing: switch it on and try again.`);
  }

  async rules(workspaceId: string): Promise<Rule[]> {
    const sinceUs = Date.now() * 1_000 - dayUs;
    const figures = await this.#parts.readers.ask("ruleFigures", { workspaceId, sinceUs });
    return this.#parts.rules.list(workspaceId, figures);
  }

  async setRuleEnabled(workspaceId: string, rule: string, enabled: boolean, user: string): Promise<Rule | undefined> {
    if (!this.#parts.rules.has(rule)) return undefined;
    await this.#parts.writer.write("putRuleState", { workspaceId, rule, enabled, user });
    this.#parts.rules.switch(workspaceId, rule, enabled);
    const rules = await this.rules(workspaceId);
    return rules.find((one) => one.rule === rule);
  }

  async sensors(workspaceId: string): Promise<Sensor[]> {
    return this.#parts.sensors.list(workspaceId).map((sensor) => this.#parts.withSync(workspaceId, sensor));
  }

  async status(workspaceId: string): Promise<Status> {
    const sensors = this.#parts.sensors.list(workspaceId);
    const { enabled, total } = this.#parts.rules.counts(workspaceId);
    const workspace = this.#parts.workspace(workspaceId);
    return {
      version: this.#parts.options.version,
      started_us: this.#parts.startedUs,
      behind_us: workspace.behind.value(),
      sensors_live: sensors.filter((sensor) => sensor.state !== "silent").length,
      sensors_total: sensors.length,
      events_per_second: workspace.rate.perSecond(),
      events_total: workspace.eventsTotal,
      lost_total: sensors.flatMap((sensor) => sensor.lost).reduce((sum, { value }) => sum + value, 0),
      alerts_open: await this.#parts.readers.ask("openAlerts", { workspaceId }),
      rules_enabled: enabled,
      rules_total: total,
      rule_problems: [...this.#parts.rules.problems],
      sensor_missing: this.#sensorMissing(workspaceId, sensors),
      writable: this.#parts.room.isWritable,
      store_bytes: this.#parts.room.storeBytes,
      retention: { ...this.#parts.retention.settings, removed: { ...this.#parts.retention.removed } },
    };
  }

  /** The sensor of the hub's own machine, when it has never been heard or fell silent; of a hub in a pod any sensor will do. */
  #sensorMissing(workspaceId: string, sensors: readonly Sensor[]): string | null {
    // Only the workspace of the hub's owner has a sensor on this machine; others learn nothing of it.
    if (workspaceId !== defaultWorkspace) return null;
    const { cluster, node, isInPod } = this.#parts.options;
    if (isInPod === true) {
      const look = "kubectl get daemonsets -A -l app.kubernetes.io/name=atalaya";
      return sensors.length > 0 ? null : `No sensor of cluster ${cluster} has reported yet: see ${look}.`;
    }
    const own = sensors.find((sensor) => sensor.cluster === cluster && sensor.node === node);
    if (own !== undefined && own.state !== "silent") return null;
    const what = own === undefined ? "has not reported yet" : "has fallen silent";
    return `The sensor of this machine (${node}) ${what}: see what atalaya up printed, or run atalaya collector --stdout.`;
  }

  account(workspaceId: string, user: string): Promise<AccountRow | undefined> {
    return this.#access.account(workspaceId, user);
  }

  putAccount(workspaceId: string, account: AccountRow): Promise<void> {
    return this.#access.putAccount(workspaceId, account);
  }

  putSession(secretHash: string, session: SessionRow, kind: "browser" | "token", name: string): Promise<void> {
    return this.#access.putSession(secretHash, session, kind, name);
  }

  session(secretHash: string): Promise<SessionRow | undefined> {
    return this.#access.session(secretHash);
  }

  deleteSession(secretHash: string): Promise<void> {
    return this.#access.deleteSession(secretHash);
  }

  putCredential(secretHash: string, row: CredentialRow): Promise<void> {
    return this.#access.putCredential(secretHash, row);
  }

  credential(secretHash: string, use: "sensor" | "audit"): Promise<SenderIdentity | undefined> {
    return this.#access.credential(secretHash, use);
  }

  auditCredentials(workspaceId: string) {
    return this.#access.auditCredentials(workspaceId);
  }

  revokeCredential(workspaceId: string, credentialId: string): Promise<boolean> {
    return this.#access.revokeCredential(workspaceId, credentialId);
  }

  async notification(workspaceId: string): Promise<Notification> {
    const stored = this.#parts.workspace(workspaceId).settings.get("notification");
    return stored === undefined ? noNotification : notificationSchema.parse(JSON.parse(stored));
  }

  putNotification(workspaceId: string, notification: Notification, ifVersions?: readonly string[]): Promise<void> {
    return this.#notifications.take(workspaceId, async () => {
      requireVersion(await this.notification(workspaceId), ifVersions);
      const value = JSON.stringify(notification);
      await this.#parts.writer.write("putSetting", { workspaceId, name: "notification", value });
      this.#parts.workspace(workspaceId).settings.set("notification", value);
    });
  }

  async driftPolicy(workspaceId: string): Promise<DriftPolicy> {
    return this.#parts.policies.drift(workspaceId);
  }

  async putDriftPolicy(workspaceId: string, policy: DriftPolicy, ifVersions?: readonly string[]): Promise<void> {
    const { policies } = this.#parts;
    await policies.put(workspaceId, { drift: policy }, () => requireVersion(policies.drift(workspaceId), ifVersions));
  }

  listen(listener: LiveListener): () => void {
    return this.#parts.live.add(listener);
  }

  backup(): Promise<MadeBackup> {
    return this.#parts.backups.make();
  }

  async metrics(workspaceId?: string): Promise<string> {
    const { sensors, metrics } = this.#parts;
    const own = sensors.all().filter((sensor) => workspaceId === undefined || sensor.workspaceId === workspaceId);
    return `${await metrics.text(own)}${await this.#nodeMetrics.text(this.#figures(workspaceId))}`;
  }

  *#figures(workspaceId: string | undefined): Iterable<NodeFigures> {
    const { accounts, sensors, syncs, states } = this.#parts;
    const known = new Map(sensors.all().map((sensor) => [`${sensor.workspaceId}\n${sensor.sensor_id}`, sensor]));
    for (const account of accounts.all()) {
      const { of } = account;
      if (workspaceId !== undefined && of.workspaceId !== workspaceId) continue;
      const sensor = known.get(`${of.workspaceId}\n${of.cluster}/${of.node}`);
      yield { account, sensor, sync: syncs.of(of), stateWanted: states.versionOf(of) };
    }
  }

  close(): Promise<void> {
    return this.#parts.close();
  }
}
