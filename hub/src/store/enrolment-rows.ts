import { randomUUID } from "node:crypto";
import type { ListedCluster, ListedEnrolmentToken } from "@atalaya/wire";
import type { NodeRow, PodExchange, Proof, TokenExchange, TokenRow } from "../enrolment/enrolment-store.ts";
import { enrolmentLimits } from "../enrolment/limits.ts";
import type { ClusterKeys } from "../enrolment/service-account.ts";
import type { OpenDatabase } from "./node-sqlite.ts";
import type { HubTables, NodeTable } from "./schema.ts";

type Db = OpenDatabase<HubTables>;
type NodeKey = { workspaceId: string; cluster: string; node: string };

/** Changes of who may send; each runs within the writer's transaction. */
export const enrolmentWrites = {
  putEnrolmentToken(db: Db, _: unknown, row: TokenRow & { secretHash: string }): void {
    const nowUs = Date.now() * 1_000;
    const value = {
      workspace_id: row.workspaceId,
      token_id: row.tokenId,
      secret_hash: row.secretHash,
      cluster: row.cluster,
      node: row.node,
      proof: row.proof,
      created_us: nowUs,
      created_by: row.createdBy,
      expires_us: row.expiresUs,
      used_us: null,
      used_by_node: null,
      used_by_key: null,
      revoked_us: null,
      may_audit: Number(row.mayAudit),
    };
    // Of this machine's own there is one at a time.
    if (row.proof === "local") db.run(db.query.deleteFrom("enrolment_tokens").where("proof", "=", "local"));
    db.run(db.query.insertInto("enrolment_tokens").values(value));
  },

  revokeEnrolmentToken(db: Db, _: unknown, of: { workspaceId: string; tokenId: string }): boolean {
    const update = db.query.updateTable("enrolment_tokens").set({ revoked_us: Date.now() * 1_000 });
    const one = update.where("workspace_id", "=", of.workspaceId).where("token_id", "=", of.tokenId);
    return db.run(one.where("revoked_us", "is", null).where("used_us", "is", null)) > 0;
  },

  enrolByToken(db: Db, _: unknown, given: TokenExchange): NodeRow | undefined {
    const nowUs = Date.now() * 1_000;
    const query = db.query.selectFrom("enrolment_tokens").selectAll().where("secret_hash", "=", given.secretHash);
    const token = db.row(query.where("revoked_us", "is", null).where("expires_us", ">", nowUs));
    if (token === undefined) return undefined;
    if (token.used_us !== null && (token.used_by_key !== given.keySha256 || token.used_by_node !== given.node)) {
      return undefined;
    }
    if (token.node !== null && token.node !== given.node) return undefined;
    if (given.cluster !== undefined && given.cluster !== token.cluster) return undefined;
    const name = { workspaceId: token.workspace_id, cluster: token.cluster, node: given.node };
    const known = readNode(db, name);
    if (token.used_us !== null)
      return known?.revokedUs === null && known.keySha256 === given.keySha256 ? known : undefined;
    if (token.node === null && known?.revokedUs === null && known.expiresUs > nowUs) return undefined;
    const used = { used_us: nowUs, used_by_node: given.node, used_by_key: given.keySha256 };
    const update = db.query.updateTable("enrolment_tokens").set(used).where("workspace_id", "=", token.workspace_id);
    db.run(update.where("token_id", "=", token.token_id));
    const { keySha256, expiresUs } = given;
    return putNode(db, name, { proof: token.proof as Proof, keySha256, expiresUs, mayAudit: token.may_audit === 1 });
  },

  enrolByPod(db: Db, _: unknown, pod: PodExchange): NodeRow | "copied" | "revoked" {
    const nowUs = Date.now() * 1_000;
    db.run(db.query.deleteFrom("enrolled_pods").where("first_us", "<", nowUs - enrolmentLimits.podsKeptMs * 1_000));
    const { workspaceId: workspace_id, cluster, podUid: pod_uid, keySha256: key_sha256 } = pod;
    const query = db.query.selectFrom("enrolled_pods").selectAll().where("workspace_id", "=", workspace_id);
    const before = db.row(query.where("cluster", "=", cluster).where("pod_uid", "=", pod_uid));
    if (before !== undefined && before.key_sha256 !== key_sha256) return "copied";
    if ((readNode(db, pod)?.revokedUs ?? null) !== null) return "revoked";
    if (before === undefined) {
      const row = { workspace_id, cluster, pod_uid, key_sha256, first_us: nowUs };
      db.run(db.query.insertInto("enrolled_pods").values(row));
    }
    const { expiresUs, mayAudit } = pod;
    return putNode(db, pod, { proof: "service_account", keySha256: key_sha256, expiresUs, mayAudit });
  },

  putClusterKeys(db: Db, _: unknown, { user, ...keys }: ClusterKeys & { user: string }): void {
    const { workspaceId: workspace_id, cluster, issuer, jwks, namespace } = keys;
    const accounts = { service_account: keys.serviceAccount, audit_service_account: keys.auditServiceAccount };
    const value = { issuer, jwks, namespace, ...accounts, created_us: Date.now() * 1_000, created_by: user };
    const insert = db.query.insertInto("cluster_keys").values({ workspace_id, cluster, ...value });
    db.run(insert.onConflict((on) => on.columns(["workspace_id", "cluster"]).doUpdateSet(value)));
  },

  removeClusterKeys(db: Db, _: unknown, of: { workspaceId: string; cluster: string }): boolean {
    const query = db.query.deleteFrom("cluster_keys").where("workspace_id", "=", of.workspaceId);
    return db.run(query.where("cluster", "=", of.cluster)) > 0;
  },

  revokeNode(db: Db, _: unknown, of: { workspaceId: string; nodeId: string; user: string }): boolean {
    const value = { revoked_us: Date.now() * 1_000, revoked_by: of.user };
    const update = db.query.updateTable("nodes").set(value).where("workspace_id", "=", of.workspaceId);
    return db.run(update.where("node_id", "=", of.nodeId).where("revoked_us", "is", null)) > 0;
  },

  renewNode(
    db: Db,
    _: unknown,
    of: { workspaceId: string; nodeId: string; oldKey: string; newKey: string; expiresUs: number },
  ): boolean {
    const value = {
      key_sha256: of.newKey,
      previous_key_sha256: of.oldKey,
      renewed_us: Date.now() * 1_000,
      expires_us: of.expiresUs,
    };
    const update = db.query.updateTable("nodes").set(value).where("workspace_id", "=", of.workspaceId);
    const one = update.where("node_id", "=", of.nodeId).where("revoked_us", "is", null);
    const has = one.where((is) => is.or([is("key_sha256", "=", of.oldKey), is("previous_key_sha256", "=", of.oldKey)]));
    return db.run(has) > 0;
  },
} as const;

/** Makes a node known under a new key. One that was revoked is known again: somebody gave it a new proof. */
export function putNode(
  db: Db,
  { workspaceId: workspace_id, cluster, node }: NodeKey,
  by: { proof: Proof; keySha256: string; expiresUs: number; mayAudit: boolean },
): NodeRow {
  const nowUs = Date.now() * 1_000;
  const value = {
    proof: by.proof,
    key_sha256: by.keySha256,
    previous_key_sha256: null,
    enrolled_us: nowUs,
    renewed_us: nowUs,
    expires_us: by.expiresUs,
    revoked_us: null,
    revoked_by: null,
    may_audit: Number(by.mayAudit),
  };
  const insert = db.query.insertInto("nodes").values({ workspace_id, node_id: randomUUID(), cluster, node, ...value });
  db.run(insert.onConflict((on) => on.columns(["workspace_id", "cluster", "node"]).doUpdateSet(value)));
  const row = readNode(db, { workspaceId: workspace_id, cluster, node });
  if (row === undefined) throw new Error("a node that was just written is not there");
  return row;
}

export function readNode(db: Db, { workspaceId, cluster, node }: NodeKey): NodeRow | undefined {
  const query = db.query.selectFrom("nodes").selectAll().where("workspace_id", "=", workspaceId);
  const row = db.row(query.where("cluster", "=", cluster).where("node", "=", node));
  return row === undefined ? undefined : nodeRow(row);
}

export function readClusterKeys(db: Db): ClusterKeys[] {
  return db.rows(db.query.selectFrom("cluster_keys").selectAll().limit(10_000)).map((row) => ({
    workspaceId: row.workspace_id,
    cluster: row.cluster,
    issuer: row.issuer,
    jwks: row.jwks,
    namespace: row.namespace,
    serviceAccount: row.service_account,
    auditServiceAccount: row.audit_service_account,
  }));
}

export function readClusters(db: Db, workspaceId: string): ListedCluster[] {
  const query = db.query.selectFrom("cluster_keys").selectAll().where("workspace_id", "=", workspaceId);
  return db.rows(query.orderBy("cluster").limit(1_000)).map(({ workspace_id, jwks, ...listed }) => {
    return { ...listed, keys: (JSON.parse(jwks) as { keys: unknown[] }).keys.length };
  });
}

export function readNodes(db: Db, workspaceId: string): NodeRow[] {
  const query = db.query.selectFrom("nodes").selectAll().where("workspace_id", "=", workspaceId);
  return db.rows(query.orderBy("cluster").orderBy("node").limit(10_000)).map(nodeRow);
}

export function knowsEnrolmentToken(db: Db, secretHash: string): boolean {
  const query = db.query.selectFrom("enrolment_tokens").select("token_id").where("secret_hash", "=", secretHash);
  return db.row(query.where("revoked_us", "is", null).where("expires_us", ">", Date.now() * 1_000)) !== undefined;
}

export function readEnrolmentTokens(db: Db, workspaceId: string): ListedEnrolmentToken[] {
  const query = db.query.selectFrom("enrolment_tokens").selectAll().where("workspace_id", "=", workspaceId);
  const rows = db.rows(query.where("proof", "=", "token").orderBy("created_us", "desc").limit(1_000));
  return rows.map(({ workspace_id, secret_hash, proof, used_by_key, may_audit, ...listed }) => {
    return { ...listed, may_audit: may_audit === 1 };
  });
}

function nodeRow(row: NodeTable): NodeRow {
  return {
    workspaceId: row.workspace_id,
    nodeId: row.node_id,
    cluster: row.cluster,
    node: row.node,
    proof: row.proof as Proof,
    keySha256: row.key_sha256,
    previousKeySha256: row.previous_key_sha256,
    enrolledUs: row.enrolled_us,
    renewedUs: row.renewed_us,
    expiresUs: row.expires_us,
    revokedUs: row.revoked_us,
    revokedBy: row.revoked_by,
    mayAudit: row.may_audit === 1,
  };
}
