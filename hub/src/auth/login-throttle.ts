import { isIPv6 } from "node:net";
import { serverLimits } from "../server/limits.ts";

// Guessing is slowed on two keys: (account, address), so that a stranger cannot lock an owner out from elsewhere, and
// the address alone, so that trying one password on many accounts is slowed too.
// The answer to failure n waits 100 ms x 2^(n-1); from the fifth on, the key is locked for 2 s x 2^(n-5), at most
// 15 minutes, and attempts are refused without a look at the password: a right one tells nothing while locked.

type Failures = { count: number; lockedUntil: number; last: number };

export type Attempt =
  | { allowed: false; retryAfterMs: number }
  | {
      allowed: true;
      /** To be called when the password was right: forgets the failures of this account from this address. */
      succeeded(): void;
      /** How long the refusal is to be held back. */
      delayMs: number;
    };

/** Counts failed logins in memory, bounded: when full, the keys that were quiet longest are forgotten first. */
export class LoginThrottle {
  readonly #failures = new Map<string, Failures>();
  readonly #now: () => number;
  /** Attempts that were refused unseen. */
  slowed = 0;

  constructor(now: () => number = Date.now) {
    this.#now = now;
  }

  /** Asks to try. The attempt counts as failed until it succeeds, so that many at one time cannot slip through. */
  begin(account: string, address: string): Attempt {
    const network = networkOf(address);
    const accountKey = `${account}\0${network}`;
    const wait = Math.max(this.#lockedFor(accountKey), this.#lockedFor(network));
    if (wait > 0) {
      this.slowed++;
      return { allowed: false, retryAfterMs: wait };
    }
    const count = this.#fail(accountKey, serverLimits.loginFreeFailures);
    this.#fail(network, serverLimits.loginAddressFreeFailures);
    return {
      allowed: true,
      delayMs: serverLimits.loginDelayFirstMs * 2 ** (Math.min(count, serverLimits.loginFreeFailures) - 1),
      succeeded: () => {
        this.#failures.delete(accountKey);
        this.#forgive(network);
      },
    };
  }

  #lockedFor(key: string): number {
    const failures = this.#failures.get(key);
    return failures === undefined ? 0 : Math.max(0, failures.lockedUntil - this.#now());
  }

  #fail(key: string, free: number): number {
    const now = this.#now();
    const before = this.#failures.get(key);
    const count = before !== undefined && now - before.last < serverLimits.loginForgetMs ? before.count + 1 : 1;
    const lock = count < free ? 0 : serverLimits.loginLockFirstMs * 2 ** Math.min(count - free, 20);
    this.#failures.delete(key);
    this.#failures.set(key, { count, last: now, lockedUntil: now + Math.min(lock, serverLimits.loginLockMs) });
    if (this.#failures.size > serverLimits.loginKeysMax) {
      const oldest = this.#failures.keys().next();
      if (!oldest.done) this.#failures.delete(oldest.value);
    }
    return count;
  }

  /** Takes the one attempt back that turned out right; earlier failures of the address stay. */
  #forgive(key: string): void {
    const failures = this.#failures.get(key);
    if (failures === undefined) return;
    failures.count--;
    failures.lockedUntil = 0;
    if (failures.count <= 0) this.#failures.delete(key);
  }
}

/** An IPv6 customer owns at least a /64: its addresses count as one. */
export function networkOf(address: string): string {
  const mapped = address.replace(/^::ffff:(?=\d+\.)/i, "");
  if (!isIPv6(mapped)) return mapped;
  const [head = "", tail] = mapped.split("%")[0]?.split("::") ?? [];
  const left = head === "" ? [] : head.split(":");
  const right = tail === undefined || tail === "" ? [] : tail.split(":");
  const middle = tail === undefined ? [] : Array<string>(Math.max(0, 8 - left.length - right.length)).fill("0");
  const groups = [...left, ...middle, ...right].slice(0, 4).map((group) => Number.parseInt(group, 16).toString(16));
  return `${groups.join(":")}::/64`;
}
