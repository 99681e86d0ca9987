import { type KubeClient, readTokenIssuer, reviewToken } from "@atalaya/kube";
import { Fault, type Result } from "@atalaya/wire";
import type { EnrolmentStore } from "./enrolment-store.ts";
import { enrolmentLimits } from "./limits.ts";
import { registerCluster } from "./register-cluster.ts";
import { audience, type Claimed, type ClusterKeys, type PodProof, verifyServiceAccount } from "./service-account.ts";

/** A cluster whose API server this hub speaks to, and whose pods of these accounts enrol its nodes. */
export type ReachableCluster = {
  workspaceId: string;
  cluster: string;
  namespace: string;
  serviceAccount: string;
  auditServiceAccount: string;
  client: KubeClient;
};

type AcceptKeys = (all: readonly ClusterKeys[]) => readonly ClusterKeys[];

type Log = Record<"info" | "warn" | "error", (facts: object, message: string) => void>;

/**
 * Verifies service-account tokens for all clusters, and knows more of those that the hub reaches: it registers their keys
 * by itself (OpenID discovery), again when they rotate, and asks their API server whether a token's pod is still there.
 * Where an API server that ought to be asked does not answer, nobody is let in: a hub that cannot know says so.
 */
export class KubeClusters {
  readonly #store: EnrolmentStore;
  readonly #clusters: readonly ReachableCluster[];
  readonly #log: Log;
  readonly #stop = new AbortController();
  #timer: NodeJS.Timeout | undefined;
  #lastReadMs = Number.NEGATIVE_INFINITY;
  #reading: Promise<void> | undefined;

  constructor(store: EnrolmentStore, clusters: readonly ReachableCluster[], log: Log) {
    this.#store = store;
    this.#clusters = clusters;
    this.#log = log;
  }

  /** Begins to read the keys, now and every ten minutes; sooner while an API server does not answer. */
  start(): void {
    if (this.#clusters.length > 0) void this.#readKeys();
  }

  close(): void {
    this.#stop.abort();
    clearTimeout(this.#timer);
    for (const { client } of this.#clusters) client.close();
  }

  /**
   * As verifyServiceAccount; `accept` picks whose keys count, and for which service accounts (all that enrol by default).
   * Throws Fault KUBE_UNREACHABLE where the cluster's API server has to be asked and cannot.
   */
  async verify(token: string, claimed: Claimed, accept: AcceptKeys = (all) => all): Promise<Result<PodProof>> {
    const look = async () => verifyServiceAccount(token, accept(await this.#store.clusterKeys()), claimed);
    let proof = await look();
    // A key that nobody knows yet may be a new one. Strangers ask for it too: so not often.
    const due = performance.now() - this.#lastReadMs > enrolmentLimits.keysAgainMs;
    if (!proof.ok && proof.newKey && (due || this.#reading !== undefined)) {
      await this.#readKeys();
      proof = await look();
    }
    if (!proof.ok) return proof;
    const { workspaceId, cluster, podUid } = proof.value;
    const reachable = this.#clusters.find((one) => one.workspaceId === workspaceId && one.cluster === cluster);
    if (reachable === undefined) return proof;
    const verdict = await this.#ask(reachable, token);
    const still = verdict.authenticated && verdict.audiences.includes(audience) && verdict.podUid === podUid;
    return still
      ? proof
      : { ok: false, code: "ENROL_REFUSED", reason: `its cluster says that it counts no more: ${verdict.error}` };
  }

  async #ask({ client, cluster }: ReachableCluster, token: string) {
    try {
      return await reviewToken(client, token, [audience], {
        signal: this.#stop.signal,
        timeoutMs: enrolmentLimits.kubeAnswerMs,
      });
    } catch (cause) {
      const why = cause instanceof Error ? cause.message : "unknown";
      this.#log.error({ cluster, why }, "a token could not be reviewed: no node of this cluster enrols until it can");
      throw new Fault(
        "KUBE_UNREACHABLE",
        "The hub cannot ask the cluster about this token; try again",
        { cluster },
        cause,
      );
    }
  }

  #readKeys(): Promise<void> {
    this.#reading ??= this.#readAll().finally(() => {
      this.#reading = undefined;
    });
    return this.#reading;
  }

  async #readAll(): Promise<void> {
    this.#lastReadMs = performance.now();
    clearTimeout(this.#timer);
    const read = await Promise.all(this.#clusters.map((one) => this.#readOne(one)));
    if (this.#stop.signal.aborted) return;
    const nextMs = read.includes(false) ? enrolmentLimits.keysRetryMs : enrolmentLimits.keysReadMs;
    this.#timer = setTimeout(() => void this.#readKeys(), nextMs).unref();
  }

  /** True when the keys are those that the cluster has. */
  async #readOne({ client, ...names }: ReachableCluster): Promise<boolean> {
    const { cluster } = names;
    try {
      const options = { signal: this.#stop.signal, timeoutMs: enrolmentLimits.kubeAnswerMs };
      const { issuer, jwks } = await readTokenIssuer(client, options);
      if (await registerCluster(this.#store, { ...names, issuer, jwks }, "this hub"))
        this.#log.info({ cluster, issuer }, "the cluster's keys were registered: its publishers enrol by themselves");
      return true;
    } catch (cause) {
      if (this.#stop.signal.aborted) return false;
      const why = cause instanceof Error ? cause.message : "unknown";
      this.#log.warn({ cluster, why }, "the cluster's keys could not be read; what was known before is used");
      return false;
    }
  }
}
