import { recorderHubLimits } from "./limits.ts";

/**
 * How many windows of one container alerts may ask for: whoever makes alerts in a container would fill the hub's disk with
 * what the container did, and so push out the process history. In memory: a restart begins anew.
 */
export class PullBudget {
  /** When each container was asked for within the last hour, the container that was asked for longest ago first. */
  readonly #asked = new Map<string, number[]>();

  /** Whether one more may be asked for; it is counted then. */
  take(container: string, nowUs: number): boolean {
    const { budgetUs, perContainerMax, containersMax } = recorderHubLimits;
    const asked = (this.#asked.get(container) ?? []).filter((atUs) => atUs > nowUs - budgetUs);
    const isWithin = asked.length < perContainerMax;
    if (isWithin) asked.push(nowUs);
    this.#asked.delete(container);
    this.#asked.set(container, asked);
    const [oldest] = this.#asked.keys();
    if (this.#asked.size > containersMax && oldest !== undefined) this.#asked.delete(oldest);
    return isWithin;
  }
}
