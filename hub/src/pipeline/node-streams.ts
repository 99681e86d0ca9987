import { Fault } from "@atalaya/wire";
import { pipelineLimits } from "../core/limits.ts";

const hourMs = 3_600_000;

/**
 * Which streams (rings of a boot) each node has. Their names come from the node: one that makes up new ones would else
 * push out what is remembered of all the others, and fill the tables that have a row for each.
 */
export class NodeStreams {
  readonly #own = new Map<string, Set<string>>();
  readonly #begun = new Map<string, { sinceMs: number; keys: Set<string> }>();

  /** Throws Fault BUSY where a node begins more streams in an hour than there can be. */
  admit(keys: Iterable<string>, isKnown: (key: string) => boolean, nowMs = Date.now()): void {
    for (const key of new Set(keys)) if (!isKnown(key)) this.#begin(key, nowMs);
  }

  #begin(key: string, nowMs: number): void {
    const owner = ownerOf(key);
    const known = this.#begun.get(owner);
    const current =
      known !== undefined && nowMs - known.sinceMs < hourMs ? known : { sinceMs: nowMs, keys: new Set<string>() };
    if (current.keys.has(key)) return;
    if (current.keys.size >= pipelineLimits.newStreamsPerHourMax) {
      throw new Fault("BUSY", "The node begins more kernel rings than there can be; its frames are taken again later", {
        retry_after_s: pipelineLimits.retryAfterMaxS,
      });
    }
    current.keys.add(key);
    this.#begun.set(owner, current);
    const [oldest] = this.#begun.keys();
    if (this.#begun.size > pipelineLimits.sensorsMax && oldest !== undefined) this.#begun.delete(oldest);
  }

  /** Remembers a stream as the newest of its node; gives the node's oldest where it has too many. */
  add(key: string): string | undefined {
    const owner = ownerOf(key);
    const own = this.#own.get(owner) ?? new Set();
    this.#own.set(owner, own);
    own.delete(key);
    own.add(key);
    const [oldest] = own;
    if (own.size <= pipelineLimits.streamsPerNodeMax || oldest === undefined) return undefined;
    own.delete(oldest);
    return oldest;
  }

  forget(key: string): void {
    const own = this.#own.get(ownerOf(key));
    own?.delete(key);
    if (own?.size === 0) this.#own.delete(ownerOf(key));
  }
}

/** workspace, cluster and node: the first three lines of a stream's key. */
function ownerOf(key: string): string {
  return key.split("\n", 3).join("\n");
}
