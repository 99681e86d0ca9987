import { randomUUID } from "node:crypto";
import type { ListedEnrolmentToken } from "@atalaya/wire";
import type {
  EnrolmentStore,
  NodeRow,
  PodExchange,
  TokenExchange,
  TokenRow,
} from "../src/enrolment/enrolment-store.ts";
import type { ClusterKeys } from "../src/enrolment/service-account.ts";

type Kept = TokenRow & { usedBy: { key: string; node: string } | null; revoked: boolean };

/** Enrolment without a disk, for tests of the server alone; hub/test/core/enrolment.test.ts runs one suite on both. */
export class InMemoryEnrolment implements EnrolmentStore {
  readonly kept = new Map<string, Kept>();
  readonly known = new Map<string, NodeRow>();
  readonly pods = new Map<string, string>();
  readonly keys = new Map<string, ClusterKeys & { user: string }>();

  async putToken(secretHash: string, token: TokenRow) {
    if (token.proof === "local") for (const [key, one] of this.kept) if (one.proof === "local") this.kept.delete(key);
    this.kept.set(secretHash, { ...token, usedBy: null, revoked: false });
  }

  async tokens(workspaceId: string): Promise<ListedEnrolmentToken[]> {
    const own = [...this.kept.values()].filter((one) => one.workspaceId === workspaceId && one.proof === "token");
    return own.reverse().map((one) => ({
      token_id: one.tokenId,
      cluster: one.cluster,
      node: one.node,
      created_us: 1,
      created_by: one.createdBy,
      expires_us: one.expiresUs,
      used_us: one.usedBy === null ? null : 2,
      used_by_node: one.usedBy?.node ?? null,
      revoked_us: one.revoked ? 3 : null,
      may_audit: one.mayAudit,
    }));
  }

  async revokeToken(workspaceId: string, tokenId: string) {
    const one = [...this.kept.values()].find((kept) => kept.workspaceId === workspaceId && kept.tokenId === tokenId);
    if (one === undefined || one.revoked || one.usedBy !== null) return false;
    one.revoked = true;
    return true;
  }

  async enrolByToken({ secretHash, node, cluster, keySha256, expiresUs }: TokenExchange) {
    const token = this.kept.get(secretHash);
    if (token === undefined || token.revoked || token.expiresUs <= Date.now() * 1000) return undefined;
    if (token.usedBy !== null && (token.usedBy.key !== keySha256 || token.usedBy.node !== node)) return undefined;
    if (token.node !== null && token.node !== node) return undefined;
    if (cluster !== undefined && cluster !== token.cluster) return undefined;
    const nowUs = Date.now() * 1000;
    const name = `${token.workspaceId}\n${token.cluster}\n${node}`;
    const known = this.known.get(name);
    if (token.usedBy !== null) return known?.revokedUs === null && known.keySha256 === keySha256 ? known : undefined;
    if (token.node === null && known?.revokedUs === null && known.expiresUs > nowUs) return undefined;
    token.usedBy = { key: keySha256, node };
    const row: NodeRow = {
      ...{ workspaceId: token.workspaceId, nodeId: this.known.get(name)?.nodeId ?? randomUUID() },
      ...{ cluster: token.cluster, node, proof: token.proof, keySha256, previousKeySha256: null },
      ...{ enrolledUs: nowUs, renewedUs: nowUs, expiresUs, revokedUs: null, revokedBy: null },
      mayAudit: token.mayAudit,
    };
    this.known.set(name, row);
    return row;
  }

  async knowsToken(secretHash: string) {
    const token = this.kept.get(secretHash);
    return token !== undefined && !token.revoked && token.expiresUs > Date.now() * 1000;
  }

  async enrolByPod(pod: PodExchange) {
    const { workspaceId, cluster, node, podUid, keySha256, expiresUs } = pod;
    const key = this.pods.get(`${workspaceId}\n${cluster}\n${podUid}`);
    if (key !== undefined && key !== keySha256) return "copied" as const;
    const name = `${workspaceId}\n${cluster}\n${node}`;
    const before = this.known.get(name);
    if ((before?.revokedUs ?? null) !== null) return "revoked" as const;
    this.pods.set(`${workspaceId}\n${cluster}\n${podUid}`, keySha256);
    const nowUs = Date.now() * 1000;
    const row: NodeRow = {
      ...{ workspaceId, nodeId: before?.nodeId ?? randomUUID(), cluster, node, proof: "service_account" },
      ...{ keySha256, previousKeySha256: null, enrolledUs: nowUs, renewedUs: nowUs },
      ...{ expiresUs, revokedUs: null, revokedBy: null, mayAudit: pod.mayAudit },
    };
    this.known.set(name, row);
    return row;
  }

  async putCluster(keys: ClusterKeys, user: string) {
    this.keys.set(`${keys.workspaceId}\n${keys.cluster}`, { ...keys, user });
  }

  async clusters(workspaceId: string) {
    const own = [...this.keys.values()].filter((one) => one.workspaceId === workspaceId);
    return own.map(({ cluster, issuer, namespace, serviceAccount, auditServiceAccount, jwks, user }) => ({
      ...{ cluster, issuer, namespace, service_account: serviceAccount, created_us: 1, created_by: user },
      audit_service_account: auditServiceAccount,
      keys: (JSON.parse(jwks) as { keys: unknown[] }).keys.length,
    }));
  }

  async removeCluster(workspaceId: string, cluster: string) {
    return this.keys.delete(`${workspaceId}\n${cluster}`);
  }

  async clusterKeys() {
    return [...this.keys.values()].map(({ user, ...keys }) => keys);
  }

  async node(workspaceId: string, cluster: string, node: string) {
    return this.known.get(`${workspaceId}\n${cluster}\n${node}`);
  }

  async nodes(workspaceId: string) {
    return [...this.known.values()].filter((row) => row.workspaceId === workspaceId);
  }

  async revokeNode(workspaceId: string, nodeId: string, user: string) {
    return this.#change(workspaceId, nodeId, (row) => ({ ...row, revokedUs: Date.now() * 1000, revokedBy: user }));
  }

  async renew(of: { workspaceId: string; nodeId: string; oldKey: string; newKey: string; expiresUs: number }) {
    return this.#change(of.workspaceId, of.nodeId, (row) => {
      if (![row.keySha256, row.previousKeySha256].includes(of.oldKey)) return undefined;
      return { ...row, keySha256: of.newKey, previousKeySha256: of.oldKey, expiresUs: of.expiresUs };
    });
  }

  #change(workspaceId: string, nodeId: string, change: (row: NodeRow) => NodeRow | undefined): boolean {
    for (const [name, row] of this.known) {
      if (row.workspaceId !== workspaceId || row.nodeId !== nodeId || row.revokedUs !== null) continue;
      const changed = change(row);
      if (changed !== undefined) this.known.set(name, changed);
      return changed !== undefined;
    }
    return false;
  }
}
