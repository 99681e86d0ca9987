import type { ListedCluster, ListedEnrolmentToken } from "@atalaya/wire";
import type { EnrolmentStore, NodeRow, PodExchange, TokenExchange, TokenRow } from "../enrolment/enrolment-store.ts";
import type { ClusterKeys } from "../enrolment/service-account.ts";
import type { ReaderPool } from "../store/reader-pool.ts";
import type { WriterClient } from "../store/writer-client.ts";
import { Remembered } from "./remembered.ts";

/** Enrolment over the store's threads. A node is asked for with every request of its publisher, and remembered. */
export class EnrolmentRecords implements EnrolmentStore {
  readonly #readers: ReaderPool;
  readonly #writer: WriterClient;
  readonly #nodes = new Remembered<NodeRow>();
  readonly #revoked: (row: NodeRow, revoked: boolean) => void;

  /** `revoked` is told of a node that was revoked, and of one that came (back). */
  constructor(readers: ReaderPool, writer: WriterClient, revoked: (row: NodeRow, revoked: boolean) => void) {
    this.#readers = readers;
    this.#writer = writer;
    this.#revoked = revoked;
  }

  async putToken(secretHash: string, token: TokenRow): Promise<void> {
    await this.#writer.write("putEnrolmentToken", { ...token, secretHash });
  }

  tokens(workspaceId: string): Promise<ListedEnrolmentToken[]> {
    return this.#readers.ask("enrolmentTokens", { workspaceId });
  }

  revokeToken(workspaceId: string, tokenId: string): Promise<boolean> {
    return this.#writer.write("revokeEnrolmentToken", { workspaceId, tokenId });
  }

  async enrolByToken(exchange: TokenExchange): Promise<NodeRow | undefined> {
    const row = await this.#writer.write("enrolByToken", exchange);
    if (row !== undefined) {
      this.#forget(row.workspaceId, row.nodeId);
      this.#revoked(row, false);
    }
    return row;
  }

  knowsToken(secretHash: string): Promise<boolean> {
    return this.#readers.ask("knowsEnrolmentToken", { secretHash });
  }

  node(workspaceId: string, cluster: string, node: string): Promise<NodeRow | undefined> {
    const of = { workspaceId, cluster, node };
    return this.#nodes.get(`${workspaceId}\n${cluster}\n${node}`, () => this.#readers.ask("enrolledNode", of));
  }

  async enrolByPod(pod: PodExchange): Promise<NodeRow | "copied" | "revoked"> {
    const row = await this.#writer.write("enrolByPod", pod);
    if (typeof row !== "string") this.#forget(row.workspaceId, row.nodeId);
    return row;
  }

  async putCluster(keys: ClusterKeys, user: string): Promise<void> {
    await this.#writer.write("putClusterKeys", { ...keys, user });
  }

  clusters(workspaceId: string): Promise<ListedCluster[]> {
    return this.#readers.ask("clusters", { workspaceId });
  }

  removeCluster(workspaceId: string, cluster: string): Promise<boolean> {
    return this.#writer.write("removeClusterKeys", { workspaceId, cluster });
  }

  clusterKeys(): Promise<ClusterKeys[]> {
    return this.#readers.ask("clusterKeys", {});
  }

  nodes(workspaceId: string): Promise<NodeRow[]> {
    return this.#readers.ask("enrolledNodes", { workspaceId });
  }

  async revokeNode(workspaceId: string, nodeId: string, user: string): Promise<boolean> {
    this.#forget(workspaceId, nodeId);
    const revoked = await this.#writer.write("revokeNode", { workspaceId, nodeId, user });
    this.#forget(workspaceId, nodeId);
    const row = revoked ? (await this.nodes(workspaceId)).find((one) => one.nodeId === nodeId) : undefined;
    if (row !== undefined) this.#revoked(row, true);
    return revoked;
  }

  async renew(of: Parameters<EnrolmentStore["renew"]>[0]): Promise<boolean> {
    this.#forget(of.workspaceId, of.nodeId);
    const renewed = await this.#writer.write("renewNode", of);
    this.#forget(of.workspaceId, of.nodeId);
    return renewed;
  }

  #forget(workspaceId: string, nodeId: string): void {
    this.#nodes.forget((row) => row.workspaceId === workspaceId && row.nodeId === nodeId);
  }
}
