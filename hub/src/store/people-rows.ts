import type { Account, ListedToken, WorkspaceEntry } from "@atalaya/wire";
import { tokenIdChars } from "../auth/people-store.ts";
import type { AccountRow } from "../hub-core.ts";
import type { OpenDatabase } from "./node-sqlite.ts";
import type { HubTables } from "./schema.ts";

type Db = OpenDatabase<HubTables>;
type Owner = { workspaceId: string; user: string };

export const peopleWrites = {
  deleteAccount(db: Db, _: unknown, { workspaceId, user }: Owner): boolean {
    endSessions(db, { workspaceId, user });
    const gone = db.query.deleteFrom("accounts").where("workspace_id", "=", workspaceId).where("user", "=", user);
    return db.run(gone) > 0;
  },

  endSessions: (db: Db, _: unknown, of: Owner): void => endSessions(db, of),

  deleteToken(db: Db, _: unknown, of: { workspaceId: string; tokenId: string; user: string | undefined }): boolean {
    let gone = db.query.deleteFrom("sessions").where("workspace_id", "=", of.workspaceId).where("kind", "=", "token");
    gone = gone.where("secret_hash", ">=", of.tokenId).where("secret_hash", "<", `${of.tokenId}g`);
    if (of.user !== undefined) gone = gone.where("user", "=", of.user);
    return db.run(gone) > 0;
  },

  makeWorkspace(
    db: Db,
    _: unknown,
    { workspaceId: workspace_id, ...row }: AccountRow & { workspaceId: string },
  ): boolean {
    const any = db.query.selectFrom("accounts").select("user").where("workspace_id", "=", workspace_id).limit(1);
    if (db.row(any) !== undefined) return false;
    const value = { workspace_id, user: row.user, password_hash: row.passwordHash, role: row.role };
    db.run(db.query.insertInto("accounts").values(value));
    return true;
  },
} as const;

function endSessions(db: Db, { workspaceId, user }: Owner): void {
  db.run(db.query.deleteFrom("sessions").where("workspace_id", "=", workspaceId).where("user", "=", user));
}

export function readAccounts(db: Db, workspaceId: string): Account[] {
  const query = db.query.selectFrom("accounts").select(["user", "role"]).where("workspace_id", "=", workspaceId);
  return db.rows(query.orderBy("user").limit(1_000)) as Account[];
}

export function readTokens(db: Db, workspaceId: string, user: string | undefined): ListedToken[] {
  let query = db.query.selectFrom("sessions").selectAll().where("workspace_id", "=", workspaceId);
  query = query.where("kind", "=", "token").where("expires_us", ">", Date.now() * 1_000);
  if (user !== undefined) query = query.where("user", "=", user);
  return db.rows(query.orderBy("created_us", "desc").limit(1_000)).map((row) => ({
    token_id: row.secret_hash.slice(0, tokenIdChars),
    name: row.name,
    user: row.user,
    role: row.role as ListedToken["role"],
    created_us: row.created_us,
    expires_us: row.expires_us,
  }));
}

export function readWorkspaces(db: Db): WorkspaceEntry[] {
  const query = db.query
    .selectFrom("accounts")
    .select(({ fn }) => ["workspace_id as workspace", fn.countAll<number>().as("accounts")]);
  return db.rows(query.groupBy("workspace_id").orderBy("workspace_id").limit(1_000));
}
