import { classOfKind, type LedgerCounter, lossesOfMany } from "@atalaya/wire";
import { CounterSum } from "../ledger/counter-sum.ts";
import type { HealthLimits } from "./limits.ts";

export type Loss = { class: string; reason: string; count: number; durationUs: number };
type Episode = {
  class: string;
  reason: string;
  count: number;
  /** By the reporter's clock: the last report before the loss, and the last that told of more. */
  fromUs: number;
  toUs: number;
  startMs: number;
  grewMs: number;
  toldMs: number | undefined;
  told: number;
};

/**
 * Follows one reporter's losses by class and reason. Loss that grows from report to report is one episode: it lasts from
 * the last report before it to the last one that told of more, and is told when it has ended, or after some seconds
 * while it goes on.
 */
export class LossWatch {
  readonly #limits: HealthLimits;
  readonly #episodes = new Map<string, Episode>();
  #known: CounterSum | undefined;
  #saidUs = 0;

  constructor(limits: HealthLimits) {
    this.#limits = limits;
  }

  /** A report: everything lost so far, when it was said and since when its reporter runs. */
  heard(lost: CounterSum, saidUs: number, startedUs: number, nowMs: number): void {
    const byClass = new CounterSum(
      lost.list().map((one): LedgerCounter => ({ ...one, class: classOfKind(one.class) })),
    );
    const fresh = saidUs - startedUs < this.#limits.lossFreshUs;
    const before = this.#known ?? (fresh ? new CounterSum() : byClass);
    const sinceUs = this.#known === undefined ? startedUs : this.#saidUs;
    for (const { class: name, reason, value } of byClass.list()) {
      const grown = value - before.value(name, reason);
      if (grown > 0) this.#grew(name, reason, grown, sinceUs, saidUs, nowMs);
    }
    this.#known = byClass;
    this.#saidUs = saidUs;
  }

  #grew(name: string, reason: string, grown: number, sinceUs: number, saidUs: number, nowMs: number): void {
    const key = `${name}\n${reason}`;
    const open = this.#episodes.get(key);
    if (open === undefined) {
      if (this.#episodes.size >= this.#limits.lossKindsMax) return;
      const times = { fromUs: sinceUs, toUs: saidUs, startMs: nowMs, grewMs: nowMs, toldMs: undefined };
      this.#episodes.set(key, { class: name, reason, count: grown, told: 0, ...times });
    } else {
      open.count += grown;
      open.toUs = saidUs;
      open.grewMs = nowMs;
    }
  }

  /** What is to be told now. */
  take(nowMs: number): Loss[] {
    const { lossQuietMs, lossTellMs, lossTellAgainMs, lossLeast } = this.#limits;
    const out: Loss[] = [];
    for (const [key, one] of this.#episodes) {
      const ended = nowMs - one.grewMs >= lossQuietMs;
      const due = one.toldMs === undefined ? nowMs - one.startMs >= lossTellMs : nowMs - one.toldMs >= lossTellAgainMs;
      if (ended) this.#episodes.delete(key);
      const least = lossesOfMany.has(one.reason) ? 1 : lossLeast;
      if ((!ended && !due) || one.count < least || one.count === one.told) continue;
      out.push({
        class: one.class,
        reason: one.reason,
        count: one.count,
        durationUs: Math.max(0, one.toUs - one.fromUs),
      });
      one.toldMs = nowMs;
      one.told = one.count;
    }
    return out;
  }
}
