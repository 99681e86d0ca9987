import type { Expectation } from "../attack/scenario.ts";
import { limits } from "../limits.ts";

/** An alert as it arrived, from whichever product. Times are microseconds since 1970. */
export type Arrival = {
  rule: string;
  /** What the product calls this alert, where it gives it a name of its own. */
  alertId: string | null;
  arrivedUs: number;
  /** When it was last seen to happen, where the product's clock may be trusted to say so. */
  lastSeenUs: number | undefined;
  containerId: string | undefined;
  /** The first twelve digits of it, where the product tells no more. */
  containerIdStart?: string | undefined;
  namespace: string | undefined;
  pod: string | undefined;
  /** Who asked the API server, for an alert from the audit log. */
  user: string | undefined;
};

/** Whom an alert must be about: a container, or (on a cluster) the pod, or the account whose token was used. */
export type Subject = {
  containerIds: readonly string[];
  pod?: { namespace: string; name: string };
  user?: string;
};

/** What a run waits for: an alert by one of `rules`, about `subject`, since `beganUs`. */
export type Wanted = { rules: readonly string[]; subject: Subject; beganUs: number };

/** Where alerts come from: our hub, or another product by way of `--listen`. */
export type AlertSource = {
  /** The rules of this product that count as the expected alert; none when it claims none. */
  rulesFor(expectation: Expectation): readonly string[];
  /** The alert that is wanted, as soon as it is here; undefined when it is not by `deadlineUs`. */
  wait(wanted: Wanted, deadlineUs: number, signal?: AbortSignal): Promise<Arrival | undefined>;
  close(): Promise<void>;
};

/**
 * The first arrival that is what was wanted. An alert that folds repeats was new before: then its last sighting counts.
 * Arrivals from before the step began never count, whatever their times say.
 */
export function findArrival(arrivals: readonly Arrival[], wanted: Wanted): Arrival | undefined {
  return arrivals.find(
    (one) =>
      wanted.rules.includes(one.rule) &&
      isAbout(one, wanted.subject) &&
      one.arrivedUs >= wanted.beganUs &&
      (one.lastSeenUs === undefined || one.lastSeenUs >= wanted.beganUs - limits.clockToleranceUs),
  );
}

function isAbout(arrival: Arrival, { containerIds, pod, user }: Subject): boolean {
  const { containerId, containerIdStart } = arrival;
  // The whole id, where it is known: the right container, not one that begins alike.
  if (containerId !== undefined && containerIds.includes(containerId)) return true;
  if (containerIdStart !== undefined && containerIds.some((id) => id.startsWith(containerIdStart))) return true;
  if (pod !== undefined && arrival.namespace === pod.namespace && arrival.pod === pod.name) return true;
  return user !== undefined && arrival.user === user;
}

/** Keeps what arrives and tells who waits for it. */
export class ArrivalList {
  readonly arrivals: Arrival[] = [];
  /** Arrivals that were dropped because there were too many. */
  dropped = 0;
  #woken = Promise.withResolvers<void>();
  #failure: { reason: unknown } | undefined;

  add(arrival: Arrival): void {
    if (this.arrivals.length >= limits.arrivalsMax) this.dropped += 1;
    else this.arrivals.push(arrival);
    this.#wake();
  }

  /** Nothing will arrive any more, and why: whoever waits is told. */
  fail(reason: unknown): void {
    this.#failure ??= { reason };
    this.#wake();
  }

  /** See `AlertSource.wait`. Throws what the source failed with. */
  async wait(wanted: Wanted, deadlineUs: number, signal?: AbortSignal): Promise<Arrival | undefined> {
    for (;;) {
      signal?.throwIfAborted();
      if (this.#failure !== undefined) throw this.#failure.reason;
      const found = findArrival(this.arrivals, wanted);
      if (found !== undefined) return found.arrivedUs <= deadlineUs ? found : undefined;
      const leftMs = (deadlineUs - Date.now() * 1000) / 1000;
      if (leftMs <= 0) return undefined;
      await this.#changed(leftMs, signal);
    }
  }

  #wake(): void {
    this.#woken.resolve();
    this.#woken = Promise.withResolvers<void>();
  }

  async #changed(timeoutMs: number, signal?: AbortSignal): Promise<void> {
    const ended = Promise.withResolvers<void>();
    const end = () => ended.resolve();
    const timer = setTimeout(end, timeoutMs);
    signal?.addEventListener("abort", end, { once: true });
    await Promise.race([this.#woken.promise, ended.promise]);
    clearTimeout(timer);
    signal?.removeEventListener("abort", end);
  }
}
