import { createHash, createPrivateKey, type KeyObject } from "node:crypto";
import {
  blocksSomewhere,
  type DriftPolicy,
  type FilterPlan,
  type LabelsOfPods,
  type RecorderPolicy,
  recorderState,
  type SignedState,
  signState,
} from "@atalaya/wire";
import { pipelineLimits } from "../core/limits.ts";
import type { NodeKey } from "../ledger/node-account.ts";
import { HeldSyncs } from "./held-syncs.ts";
import type { NodeSyncs } from "./node-syncs.ts";

type Kept = { version: number; hash: string };
export type DesiredStatesOptions = {
  /** The key of the hub's authority, PEM; without it no state is given out. */
  caKey: string | undefined;
  syncs: NodeSyncs;
  /** What `save` was given last. */
  stored: string | undefined;
  save(stored: string): void;
  /** The labels of a node's pods that its policies ask for. */
  podLabels?: (of: NodeKey) => LabelsOfPods | undefined;
  nowMs?: () => number;
};

/**
 * What the hub wants of each node. A version is the milliseconds of the clock when something changed, and more than
 * any before it: it grows over restarts, with a clock that was set back, and when an older database was restored,
 * because then the node that holds a newer one says so. States are signed when they are asked for.
 */
export class DesiredStates {
  readonly #options: DesiredStatesOptions;
  readonly #key: KeyObject | undefined;
  readonly #nowMs: () => number;
  readonly #signed = new Map<string, { version: number; state: SignedState }>();
  readonly held = new HeldSyncs();
  #kept: Kept;
  #plan: FilterPlan | undefined;
  /** Of the workspaces that record anything. */
  readonly #recorders = new Map<string, RecorderPolicy>();
  /** Of those whose policy blocks somewhere: the nodes of no other need to know it. */
  readonly #drift = new Map<string, DriftPolicy>();

  constructor(options: DesiredStatesOptions) {
    this.#options = options;
    this.#nowMs = options.nowMs ?? Date.now;
    this.#key = options.caKey === undefined ? undefined : createPrivateKey(options.caKey);
    this.#kept = options.stored === undefined ? { version: 0, hash: "" } : (JSON.parse(options.stored) as Kept);
  }

  #next(version: number): number {
    return Math.max(version + 1, this.#nowMs());
  }

  /** The filter plan now in force: when it is another, every node's state is newer. */
  planned(plan: FilterPlan): void {
    this.#plan = plan;
    this.#changed(plan);
  }

  /** Which containers a workspace records: told to every node, since it changes seldom. */
  recorded(workspaceId: string, policy: RecorderPolicy): void {
    if (policy.scopes.length === 0) this.#recorders.delete(workspaceId);
    else this.#recorders.set(workspaceId, policy);
    if (this.#plan !== undefined) this.#changed(this.#plan);
  }

  /** A workspace's drift policy now in force. At the start all are told before the plan is. */
  driftChanged(workspaceId: string, policy: DriftPolicy): void {
    if (blocksSomewhere(policy)) this.#drift.set(workspaceId, policy);
    else this.#drift.delete(workspaceId);
    if (this.#plan !== undefined) this.#changed(this.#plan);
  }

  #changed(plan: FilterPlan): void {
    const drift = textOf(this.#drift);
    const wanted = JSON.stringify(plan) + textOf(this.#recorders) + (drift === "" ? "" : `drift ${drift}`);
    const hash = createHash("sha256").update(wanted).digest("hex");
    if (hash === this.#kept.hash) return;
    this.#kept = { version: this.#next(this.#kept.version), hash };
    // What one node claims to hold moves its own versions on and nobody else's.
    for (const { of, floor } of this.#options.syncs.all())
      if (floor >= this.#kept.version) this.#options.syncs.change(of, { floor: this.#next(floor) });
    this.#options.save(JSON.stringify(this.#kept));
    this.held.wakeAll();
  }

  /** What a node has to know of its pods is another than before. */
  podsChanged(of: NodeKey): void {
    this.#options.syncs.change(of, { floor: this.#next(this.versionOf(of)) });
    this.held.wake(keyOf(of));
  }

  /** A node's certificate was revoked, or is good again. */
  setRevoked(of: NodeKey, revoked: boolean): void {
    if ((this.#options.syncs.of(of)?.revoked ?? false) === revoked) return;
    this.#options.syncs.change(of, { revoked, floor: this.#next(this.versionOf(of)) });
    this.held.wake(keyOf(of));
  }

  /** The version that a node should hold. */
  versionOf(of: NodeKey): number {
    return Math.max(this.#kept.version, this.#options.syncs.of(of)?.floor ?? 0);
  }

  /**
   * A node holds a newer version than we know: our database is an older one. Its next state must be newer still.
   * One that no clock of ours can have made is a lie, and is not followed.
   */
  holds(of: NodeKey, version: number): void {
    if (version > this.versionOf(of) && version < this.#nowMs() + pipelineLimits.stateAheadMs)
      this.#options.syncs.change(of, { floor: this.#next(version) });
  }

  /** The node's state where it is newer than what it holds. */
  newer(of: NodeKey, holds: number): SignedState | undefined {
    const version = this.versionOf(of);
    if (version <= holds || this.#key === undefined || this.#plan === undefined) return undefined;
    const key = keyOf(of);
    const known = this.#signed.get(key);
    if (known?.version === version) return known.state;
    const { workspaceId: workspace, cluster, node } = of;
    const revoked = this.#options.syncs.of(of)?.revoked ?? false;
    const issued_us = this.#nowMs() * 1_000;
    const recorder = this.#recorders.get(workspace);
    const wanted = { version, issued_us, workspace, cluster, node, revoked, filters: this.#plan };
    const drift = this.#drift.get(workspace);
    const pod_labels = this.#options.podLabels?.(of);
    const policies = { ...(recorder && { recorder: recorderState(recorder) }), ...(drift && { drift }) };
    const state = signState({ ...wanted, ...policies, ...(pod_labels && { pod_labels }) }, this.#key);
    this.#signed.delete(key);
    this.#signed.set(key, { version, state });
    const [oldest] = this.#signed.keys();
    if (this.#signed.size > pipelineLimits.signedStatesMax && oldest !== undefined) this.#signed.delete(oldest);
    return state;
  }

  /** Whoever waits for news of the node is answered: there is something beside its state. */
  wake(of: NodeKey): void {
    this.held.wake(keyOf(of));
  }

  /** As `newer`, but waits so long for one. */
  async await(of: NodeKey, holds: number, waitMs: number, signal: AbortSignal): Promise<SignedState | undefined> {
    const state = this.newer(of, holds);
    if (state !== undefined) return state;
    await this.held.wait(keyOf(of), waitMs, signal);
    return this.newer(of, holds);
  }
}

/** The same for the same content; "" for none. */
function textOf(byWorkspace: ReadonlyMap<string, unknown>): string {
  return byWorkspace.size === 0 ? "" : JSON.stringify([...byWorkspace].sort(([a], [b]) => (a < b ? -1 : 1)));
}

function keyOf({ workspaceId, cluster, node }: NodeKey): string {
  return `${workspaceId}\n${cluster}\n${node}`;
}
