import { isIP } from "node:net";
import type { NetworkEvent } from "@atalaya/wire";
import type { Counters } from "./counters.ts";
import { forgetOldest } from "./forget-oldest.ts";
import type { DnsAnswerRecord, Task } from "./kernel-record.ts";
import { collectorLimits } from "./limits.ts";

const { scopeAddressesMax, addressesMax, addressNamesMax, nameKeptMinUs, nameKeptMaxUs } = collectorLimits;

/** Never empty: where an answer is kept, and where else its process' names may be from before it was known whose it is. */
export type Scopes = readonly [string, ...string[]];

/**
 * A container becomes known while it runs: first its control group, then its id, then its pod. What it was told before
 * counts on. Not by its network namespace: pods on the host's share that.
 */
export function scopesOf(
  { k8s_pod_uid: pod, container_id: container }: Pick<NetworkEvent, "k8s_pod_uid" | "container_id">,
  { cgroupIdV2, cgroupIdV1 }: Pick<Task, "cgroupIdV2" | "cgroupIdV1">,
): Scopes {
  if (container === "host") return ["host"];
  const group = `group ${cgroupIdV2} ${cgroupIdV1}`;
  if (container === null) return pod === null ? [group] : [`pod ${pod}`, group];
  return pod === null ? [`container ${container}`, group] : [`pod ${pod}`, `container ${container}`, group];
}

/** By name: until when it counts, since boot. */
type Names = Map<string, number>;

/**
 * By which names addresses were looked up, as the answers of name servers told it. Each scope (a pod, a container, a control group, the host)
 * knows what it was told itself: what another was told is not believed, and cannot push it out. Bounded in a scope and in
 * all: what was learnt longest ago gives way, and is counted.
 */
export class ResolvedNames {
  readonly #scopes = new Map<string, Map<string, Names>>();
  readonly #counters: Counters;
  #size = 0;

  constructor(counters: Counters) {
    this.#counters = counters;
  }

  /** Addresses that are known, of all scopes. */
  get size(): number {
    return this.#size;
  }

  clear(): void {
    this.#scopes.clear();
    this.#size = 0;
  }

  /** The name that was asked for, and those that it leads to (CNAME), are names of each address of the answer. */
  learn(scope: string, { name, answers, seconds, bootUs }: DnsAnswerRecord): void {
    const addresses = answers.filter((one) => isIP(one) !== 0);
    if (name === undefined || addresses.length === 0) return;
    const names = [name, ...answers.filter((one) => isIP(one) === 0)];
    const tooMany = names.splice(addressNamesMax).length;
    this.#count(tooMany * addresses.length);
    const untilUs = bootUs + Math.min(Math.max(seconds * 1_000_000, nameKeptMinUs), nameKeptMaxUs);
    const known = this.#scope(scope);
    for (const address of addresses) {
      const of: Names = known.get(address) ?? new Map();
      if (!known.delete(address)) this.#size += 1;
      known.set(address, of);
      for (const one of names) {
        of.delete(one);
        of.set(one, untilUs);
      }
      this.#trim(of, bootUs);
    }
    while (known.size > scopeAddressesMax) this.#forget(known, bootUs);
    while (this.#size > addressesMax) this.#forgetOldest(bootUs);
  }

  /** Of all these scopes, each name once, newest of the first last; null where none is known at that time. */
  of(scopes: Scopes, address: string | null, bootUs: number): readonly string[] | null {
    if (address === null) return null;
    const now = new Set<string>();
    for (const scope of scopes.toReversed()) {
      for (const [name, untilUs] of this.#scopes.get(scope)?.get(address) ?? []) if (untilUs > bootUs) now.add(name);
    }
    return now.size === 0 ? null : [...now];
  }

  /** As the one that learnt last. */
  #scope(key: string): Map<string, Names> {
    const scope = this.#scopes.get(key) ?? new Map();
    this.#scopes.delete(key);
    this.#scopes.set(key, scope);
    return scope;
  }

  #count(names: number): void {
    if (names > 0) this.#counters.add("dns", "names_forgotten", names);
  }

  /** What no longer counts goes before what was learnt longest ago. */
  #trim(names: Names, bootUs: number): void {
    if (names.size <= addressNamesMax) return;
    for (const [name, untilUs] of names) if (untilUs <= bootUs) names.delete(name);
    const tooMany = Math.max(0, names.size - addressNamesMax);
    for (let i = 0; i < tooMany; i++) forgetOldest(names);
    this.#count(tooMany);
  }

  /** The address that was learnt longest ago. */
  #forget(scope: Map<string, Names>, bootUs: number): void {
    const [oldest] = scope.values();
    forgetOldest(scope);
    this.#size -= 1;
    this.#count([...(oldest?.values() ?? [])].filter((untilUs) => untilUs > bootUs).length);
  }

  /** All of the scope that has not learnt anything for longest: it may be no more. */
  #forgetOldest(bootUs: number): void {
    const [oldest] = this.#scopes;
    if (oldest === undefined) return;
    const [key, scope] = oldest;
    while (scope.size > 0) this.#forget(scope, bootUs);
    this.#scopes.delete(key);
  }
}
