import type { AccountRow, CommittedAlert, SessionRow } from "../hub-core.ts";
import { type ActOnAlert, actOnAlert } from "./alert-actions.ts";
import { addApiChanges } from "./change-rows.ts";
import { enrolmentWrites } from "./enrolment-rows.ts";
import { type ForgetOld, forgetOld } from "./forget-old.ts";
import { allowInventory } from "./inventory-sender-rows.ts";
import type { OpenDatabase } from "./node-sqlite.ts";
import { saveNodeAccounts, saveNodeSyncs } from "./node-writes.ts";
import { peopleWrites } from "./people-rows.ts";
import { answerRecording } from "./recording-rows.ts";
import type { HubTables, SensorTable } from "./schema.ts";
import type { WorkspaceState } from "./workspace-state.ts";

export type CredentialRow = { credentialId: string; workspaceId: string; use: "sensor" | "audit"; cluster: string };
type Db = OpenDatabase<HubTables>;

/** What the API thread may ask the writer to change. Each runs within the group's transaction, whole or not at all. */
export const stateWrites = {
  ...enrolmentWrites,
  addApiChanges,
  ...peopleWrites,

  actOnAlert: (db: Db, state: WorkspaceState, act: ActOnAlert): CommittedAlert | undefined =>
    actOnAlert(db, state, act),

  forgetOld: (db: Db, _: WorkspaceState, of: ForgetOld): number => forgetOld(db, of),

  putRuleState(
    db: Db,
    _: WorkspaceState,
    row: { workspaceId: string; rule: string; enabled: boolean; user: string },
  ): void {
    const value = { enabled: row.enabled ? 1 : 0, user: row.user, changed_us: Date.now() * 1_000 };
    const insert = db.query
      .insertInto("rule_states")
      .values({ workspace_id: row.workspaceId, rule: row.rule, ...value });
    db.run(insert.onConflict((on) => on.columns(["workspace_id", "rule"]).doUpdateSet(value)));
  },

  putSetting(db: Db, _: WorkspaceState, row: { workspaceId: string; name: string; value: string }): void {
    const { name, value } = row;
    const insert = db.query.insertInto("settings").values({ workspace_id: row.workspaceId, name, value });
    db.run(insert.onConflict((on) => on.columns(["workspace_id", "name"]).doUpdateSet({ value })));
  },

  putAccount(db: Db, _: WorkspaceState, row: AccountRow & { workspaceId: string }): void {
    const value = { password_hash: row.passwordHash, role: row.role };
    const insert = db.query.insertInto("accounts").values({ workspace_id: row.workspaceId, user: row.user, ...value });
    db.run(insert.onConflict((on) => on.columns(["workspace_id", "user"]).doUpdateSet(value)));
  },

  putSession(db: Db, _: WorkspaceState, row: SessionRow & { secretHash: string; kind: string; name: string }): void {
    const nowUs = Date.now() * 1_000;
    db.run(db.query.deleteFrom("sessions").where("expires_us", "<", nowUs));
    db.run(db.query.deleteFrom("sessions").where("secret_hash", "=", row.secretHash));
    const { workspaceId: workspace_id, secretHash: secret_hash, kind, name, user, role, csrf, expiresUs } = row;
    const value = { workspace_id, secret_hash, kind, name, user, role, csrf, expires_us: expiresUs, created_us: nowUs };
    db.run(db.query.insertInto("sessions").values(value));
  },

  deleteSession(db: Db, _: WorkspaceState, secretHash: string): void {
    db.run(db.query.deleteFrom("sessions").where("secret_hash", "=", secretHash));
  },

  /** A credential put again under its id (a start of the hub) replaces the earlier one. */
  putCredential(db: Db, _: WorkspaceState, row: CredentialRow & { secretHash: string }): void {
    const { workspaceId: workspace_id, credentialId: credential_id, secretHash: secret_hash, use, cluster } = row;
    db.run(db.query.deleteFrom("credentials").where("secret_hash", "=", secret_hash));
    const same = db.query.deleteFrom("credentials").where("workspace_id", "=", workspace_id);
    db.run(same.where("credential_id", "=", credential_id));
    const times = { created_us: Date.now() * 1_000, revoked_us: null, last_used_us: null };
    db.run(
      db.query.insertInto("credentials").values({ workspace_id, credential_id, secret_hash, use, cluster, ...times }),
    );
  },

  revokeCredential(db: Db, _: WorkspaceState, row: { workspaceId: string; credentialId: string }): boolean {
    const update = db.query.updateTable("credentials").set({ revoked_us: Date.now() * 1_000 });
    const one = update.where("workspace_id", "=", row.workspaceId).where("credential_id", "=", row.credentialId);
    return db.run(one.where("revoked_us", "is", null)) > 0;
  },

  usedCredential(db: Db, _: WorkspaceState, row: { workspaceId: string; credentialId: string; timeUs: number }): void {
    const update = db.query.updateTable("credentials").set({ last_used_us: row.timeUs });
    db.run(update.where("workspace_id", "=", row.workspaceId).where("credential_id", "=", row.credentialId));
  },

  saveSensors(db: Db, _: WorkspaceState, rows: SensorTable[]): void {
    for (const row of rows) {
      const { last_seen_us, report } = row;
      const insert = db.query.insertInto("sensors").values(row);
      db.run(
        insert.onConflict((on) => on.columns(["workspace_id", "sensor_id"]).doUpdateSet({ last_seen_us, report })),
      );
    }
  },

  saveNodeAccounts,
  saveNodeSyncs,
  answerRecording,
  allowInventory,
} as const;

export type StateWrites = typeof stateWrites;
export type StateWrite = keyof StateWrites;
export type WriteArgument<W extends StateWrite> = Parameters<StateWrites[W]>[2];
export type WriteResult<W extends StateWrite> = ReturnType<StateWrites[W]>;
