import { type RecorderPull, recorderLimits } from "@atalaya/wire";
import type { NodeKey } from "../ledger/node-account.ts";
import { recorderHubLimits } from "./limits.ts";

/** A pull that waits for its node's answer. */
export type AskedPull = { of: NodeKey; pull: RecorderPull; askedUs: number };
type Open = AskedPull & { givenMs: number };

/** Which windows alerts ask of which node, in memory; the store's rows are what counts over a restart. */
export class RecorderPulls {
  readonly #nodes = new Map<string, Map<string, Open>>();
  readonly #wake: (of: NodeKey) => void;
  readonly #nowMs: () => number;

  constructor(asked: readonly AskedPull[], wake: (of: NodeKey) => void, nowMs: () => number = Date.now) {
    this.#wake = wake;
    this.#nowMs = nowMs;
    this.ask(asked);
  }

  ask(asked: readonly AskedPull[]): void {
    for (const one of asked) {
      const key = keyOf(one.of);
      const open = this.#nodes.get(key) ?? new Map<string, Open>();
      open.set(one.pull.alert_id, { ...one, givenMs: Number.NEGATIVE_INFINITY });
      this.#nodes.set(key, open);
      this.#wake(one.of);
    }
  }

  /** Those that the node should answer now. Each is given again, since an answer may be lost. */
  take(of: NodeKey): RecorderPull[] {
    const open = this.#nodes.get(keyOf(of));
    if (open === undefined) return [];
    const nowMs = this.#nowMs();
    for (const { pull, askedUs } of open.values())
      if (nowMs * 1_000 - askedUs > recorderHubLimits.answerUs) this.done(of, pull.alert_id);
    const due = [...open.values()].filter(({ givenMs }) => nowMs - givenMs >= recorderHubLimits.againMs);
    const given = due.slice(0, recorderLimits.pullsMax);
    for (const one of given) one.givenMs = nowMs;
    return given.map(({ pull }) => pull);
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

function keyOf({ workspaceId, cluster, node }: NodeKey): string {
  return `${workspaceId}\n${cluster}\n${node}`;
}
