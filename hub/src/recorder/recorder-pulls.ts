import { type RecorderPull, recorderLimits } from "@atalaya/wire";
import type { NodeKey } from "../ledger/node-account.ts";
import { recorderHubLimits } from "./limits.ts";

/** A pull that waits for its node's answer. */
export type AskedPull = { of: NodeKey; pull: RecorderPull; askedUs: number };
type Open = AskedPull & { givenMs: number };

/** A pull is due again by then, also where the timer is early. */
const dueAgainMs = recorderHubLimits.againMs + 100;

/** Which windows alerts ask of which node, in memory; the store's rows are what counts over a restart. */
export class RecorderPulls {
  readonly #nodes = new Map<string, Map<string, Open>>();
  readonly #wake: (of: NodeKey) => void;
  readonly #nowMs: () => number;
  #forgotMs = Number.NEGATIVE_INFINITY;

  constructor(asked: readonly AskedPull[], wake: (of: NodeKey) => void, nowMs: () => number = Date.now) {
    this.#wake = wake;
    this.#nowMs = nowMs;
    this.ask(asked);
  }

  ask(asked: readonly AskedPull[]): void {
    this.#forgetOld();
    for (const one of asked) {
      const key = keyOf(one.of);
      const open = this.#nodes.get(key) ?? new Map<string, Open>();
      open.set(one.pull.alert_id, { ...one, givenMs: Number.NEGATIVE_INFINITY });
      this.#nodes.set(key, open);
      this.#wake(one.of);
    }
  }

  /** Those that the node should answer now. Each is given again, since an answer may be lost: a sync that is held then ends. */
  take(of: NodeKey): RecorderPull[] {
    const open = this.#nodes.get(keyOf(of));
    if (open === undefined) return [];
    const nowMs = this.#nowMs();
    forgetOld(open, nowMs);
    const due = [...open.values()].filter(({ givenMs }) => nowMs - givenMs >= recorderHubLimits.againMs);
    const given = due.slice(0, recorderLimits.pullsMax);
    for (const one of given) one.givenMs = nowMs;
    if (given.length > 0) this.#wakeLater(of);
    if (open.size === 0) this.#nodes.delete(keyOf(of));
    return given.map(({ pull }) => pull);
  }

  #wakeLater(of: NodeKey): void {
    setTimeout(() => {
      if (this.#nodes.has(keyOf(of))) this.#wake(of);
    }, dueAgainMs).unref();
  }

  /** Of nodes that never ask, too. */
  #forgetOld(): void {
    const nowMs = this.#nowMs();
    if (nowMs - this.#forgotMs < recorderHubLimits.againMs) return;
    this.#forgotMs = nowMs;
    for (const [key, open] of this.#nodes) {
      forgetOld(open, nowMs);
      if (open.size === 0) this.#nodes.delete(key);
    }
  }

  /** Nodes of which an answer is waited for. */
  get size(): number {
    return this.#nodes.size;
  }

  find(of: NodeKey, alertId: string): RecorderPull | undefined {
    return this.#nodes.get(keyOf(of))?.get(alertId)?.pull;
  }

  done(of: NodeKey, alertId: string): void {
    const open = this.#nodes.get(keyOf(of));
    open?.delete(alertId);
    if (open?.size === 0) this.#nodes.delete(keyOf(of));
  }
}

/** What was not answered in time is over. */
function forgetOld(open: Map<string, Open>, nowMs: number): void {
  for (const [alertId, { askedUs }] of open)
    if (nowMs * 1_000 - askedUs > recorderHubLimits.answerUs) open.delete(alertId);
}

function keyOf({ workspaceId, cluster, node }: NodeKey): string {
  return `${workspaceId}\n${cluster}\n${node}`;
}
