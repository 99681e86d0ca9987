import type { SensorReport } from "@atalaya/wire";
import type { HealthLimits } from "./limits.ts";

type Told = NonNullable<SensorReport["audit_log"]>;
export type Unread = { reason: string; durationUs: number };

/**
 * Follows whether a node that was told to read an audit log does. It is unread when it is not read for a while, also
 * where it is read for a moment now and then; it is read again when it has been for as long. A node that was never told to
 * read one is never unread.
 */
export class AuditLogWatch {
  readonly #limits: HealthLimits;
  #state: string | undefined;
  #unreadMs: number | undefined;
  #readMs: number | undefined;
  #told = false;

  constructor(limits: HealthLimits) {
    this.#limits = limits;
  }

  /** What a report says; absent where the node was not told to read one. Gives true when one that was told of is over. */
  heard(said: Told | undefined, nowMs: number): boolean {
    this.#state = said?.state;
    if (said !== undefined && said.state !== "read") {
      this.#unreadMs ??= nowMs;
      this.#readMs = undefined;
      return false;
    }
    this.#readMs ??= nowMs;
    if (said !== undefined && nowMs - this.#readMs < this.#limits.unreadMs) return false;
    const wasTold = this.#told;
    this.#unreadMs = undefined;
    this.#told = false;
    return wasTold;
  }

  /** What is to be told now, once. */
  take(nowMs: number): Unread | undefined {
    const state = this.#state;
    if (this.#told || this.#unreadMs === undefined || state === undefined || state === "read") return undefined;
    const quietMs = nowMs - this.#unreadMs;
    if (quietMs < this.#limits.unreadMs) return undefined;
    this.#told = true;
    return { reason: state, durationUs: Math.round(quietMs * 1_000) };
  }
}

const sentences: Readonly<Record<string, string>> = {
  starting: "its reader has not begun",
  waiting: "the publisher does not answer its reader",
  absent: "there is no file that can be read",
  failed: "its reader fails again and again",
  stuck: "its reader does not answer",
};

/** Why it is not read, for a sentence. A state that this version does not know stands for itself. */
export const whyUnread = (state: string): string =>
  Object.hasOwn(sentences, state) ? (sentences[state] ?? state) : state;
