import { createHash } from "node:crypto";
import { emptyFilterPlan, type FilterPlan } from "@atalaya/wire";

type Kept = { version: number; hash: string };

/**
 * Gives a plan its version: the same for the same content, also after a restart; higher than any before when the
 * content changes. Seconds of the epoch serve as its floor, so that it also grows when the hub's data is new and a
 * collector still holds a plan of the old one.
 */
export class PlanVersion {
  #kept: Kept;
  plan: FilterPlan = emptyFilterPlan;

  constructor(stored: string | undefined) {
    this.#kept = stored === undefined ? { version: 0, hash: "" } : (JSON.parse(stored) as Kept);
  }

  /** Takes a plan over; gives what is to be stored when its content is new. */
  next(plan: FilterPlan): string | undefined {
    const { version: _, ...lists } = plan;
    const content = JSON.stringify(
      Object.entries(lists)
        .toSorted(([a], [b]) => (a < b ? -1 : 1))
        .map(([list, values]) => [list, Array.isArray(values) ? [...values].map(String).sort() : values]),
    );
    const hash = createHash("sha256").update(content).digest("hex");
    const changed = hash !== this.#kept.hash;
    if (changed) this.#kept = { version: Math.max(this.#kept.version + 1, Math.floor(Date.now() / 1_000)), hash };
    this.plan = { ...plan, version: this.#kept.version };
    return changed ? JSON.stringify(this.#kept) : undefined;
  }
}
