import { collectorLimits } from "./limits.ts";
import type { Outlet } from "./outlet.ts";
import type { Window } from "./window.ts";

/**
 * What was drained, until it is handed over. Each parcel wakes this process' other thread, the publisher and its disk: less often is cheaper
 * for all of them.
 */
export class Gathering {
  readonly #outlet: Pick<Outlet, "flush">;
  readonly #window: Window;
  #events = 0;
  #lastMs = Number.NEGATIVE_INFINITY;

  constructor(outlet: Pick<Outlet, "flush">, window: Window) {
    this.#outlet = outlet;
    this.#window = window;
  }

  /** One more event is in the outlet. */
  added(): void {
    this.#events += 1;
  }

  /** Enough has come, or enough time has gone by since the last. */
  get isDue(): boolean {
    const { handOverMs, handOverEvents } = collectorLimits;
    return this.#events >= handOverEvents || performance.now() - this.#lastMs >= handOverMs;
  }

  handOver(): void {
    if (!this.#window.isGathering) return;
    const { parcels, bytes } = this.#outlet.flush();
    this.#window.add(parcels, bytes);
    this.#events = 0;
    this.#lastMs = performance.now();
  }
}
