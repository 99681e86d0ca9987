import type { ListedCluster, ListedEnrolmentToken } from "@atalaya/wire";
import type { ClusterKeys, PodProof } from "./service-account.ts";

export type Proof = "token" | "service_account" | "local";

/** A node that may send, or might before it was revoked. */
export type NodeRow = {
  workspaceId: string;
  nodeId: string;
  cluster: string;
  node: string;
  proof: Proof;
  keySha256: string;
  previousKeySha256: string | null;
  enrolledUs: number;
  renewedUs: number;
  expiresUs: number;
  revokedUs: number | null;
  revokedBy: string | null;
  /** It may send the audit log of its cluster: it is a node of the control plane. */
  mayAudit: boolean;
};

export type TokenRow = {
  workspaceId: string;
  tokenId: string;
  cluster: string;
  node: string | null;
  proof: "token" | "local";
  createdBy: string;
  expiresUs: number;
  /** What the node that uses it may. */
  mayAudit: boolean;
};

/** What a token is exchanged for: a key, and the names that its owner claims. */
export type TokenExchange = {
  secretHash: string;
  node: string;
  cluster: string | undefined;
  keySha256: string;
  expiresUs: number;
};

export type PodExchange = PodProof & { keySha256: string; expiresUs: number };

/** Who may become known, and who is. Tokens are stored by the SHA-256 of their secret. */
export type EnrolmentStore = {
  putToken(secretHash: string, token: TokenRow): Promise<void>;
  /** Newest first, at most 1,000; never a secret. */
  tokens(workspaceId: string): Promise<ListedEnrolmentToken[]>;
  /** False where there is none that is open. */
  revokeToken(workspaceId: string, tokenId: string): Promise<boolean>;
  /**
   * Uses a token up and makes its bearer's node known (again), in one transaction. Undefined for a token that is unknown, expired,
   * revoked, used by another key, or for another node or cluster. A used one repeats its answer (which may have been
   * lost) only while the node has that very key: it brings nobody back who was revoked. One that names no node takes
   * no name from a node whose certificate still counts.
   */
  enrolByToken(exchange: TokenExchange): Promise<NodeRow | undefined>;
  /**
   * Makes a pod's node known under a key, in one transaction. "copied" when the pod enrolled with another key before: whoever
   * came first, two hold its token. "revoked" when the node was: only a new token of an administrator brings it back.
   */
  enrolByPod(pod: PodExchange): Promise<NodeRow | "copied" | "revoked">;
  /** Replaces what was registered for the cluster before. */
  putCluster(keys: ClusterKeys, user: string): Promise<void>;
  clusters(workspaceId: string): Promise<ListedCluster[]>;
  removeCluster(workspaceId: string, cluster: string): Promise<boolean>;
  /** Of all workspaces: which one a token belongs to is what its signature tells. */
  clusterKeys(): Promise<ClusterKeys[]>;
  /** Whether a token of this secret was given out, and is neither revoked nor ended: asked before anything that costs. */
  knowsToken(secretHash: string): Promise<boolean>;
  /** By the name that a certificate carries. */
  node(workspaceId: string, cluster: string, node: string): Promise<NodeRow | undefined>;
  nodes(workspaceId: string): Promise<NodeRow[]>;
  /** False where there is none that is not revoked. */
  revokeNode(workspaceId: string, nodeId: string, user: string): Promise<boolean>;
  /** Replaces the key `oldKey` (the present one or the one before); false when the node is revoked or has another. */
  renew(of: {
    workspaceId: string;
    nodeId: string;
    oldKey: string;
    newKey: string;
    expiresUs: number;
  }): Promise<boolean>;
};
