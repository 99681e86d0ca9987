import type { Claim } from "@atalaya/wire";
import { encodeMessage, messageKinds } from "@atalaya/wire/framing";
import { limits } from "./limits.ts";

/** A pod's token, in memory alone, and the way back to it. */
export type WaitingClaim = { token: string; answer: (message: Buffer) => void };

/**
 * Pods of this node (the inventory) prove to the hub that they may have something sent: their tokens go with the next
 * sync, and the hub's word goes back down the socket. A claim that nobody answered is made again with every sync.
 */
export class ClaimDesk {
  #waiting: WaitingClaim[] = [];
  #listener: () => void = () => {};

  onClaim(listener: () => void): void {
    this.#listener = listener;
  }

  /** Takes a message of the socket. A later claim of one connection replaces its earlier; of many, the latest stay. */
  take(payload: Buffer, answer: WaitingClaim["answer"]): void {
    const token = tokenOf(payload);
    if (token === undefined) {
      answer(replyMessage({ accepted: false, reason: "a claim does not have the documented shape" }));
      return;
    }
    this.#waiting = [...this.#waiting.filter((one) => one.answer !== answer), { token, answer }].slice(
      -limits.claimsMax,
    );
    this.#listener();
  }

  get waiting(): readonly WaitingClaim[] {
    return this.#waiting;
  }

  /** What the hub said of the claims that a request carried; a hub that knows none says nothing. */
  answered(asked: readonly WaitingClaim[], replies: unknown): void {
    if (!Array.isArray(replies)) return;
    for (const [i, one] of asked.entries()) {
      const reply = replies[i] as { accepted?: unknown; reason?: unknown } | undefined;
      if (typeof reply?.accepted !== "boolean") continue;
      this.#waiting = this.#waiting.filter((other) => other !== one);
      const why = typeof reply.reason === "string" ? { reason: reply.reason.slice(0, 256) } : {};
      one.answer(replyMessage({ accepted: reply.accepted, ...why }));
    }
  }
}

function tokenOf(payload: Buffer): string | undefined {
  try {
    const { token } = JSON.parse(payload.toString("utf8")) as Partial<Claim>;
    const fits = typeof token === "string" && token.length > 0 && token.length <= limits.claimTokenCharsMax;
    return fits ? token : undefined;
  } catch {
    return undefined;
  }
}

function replyMessage(reply: { accepted: boolean; reason?: string }): Buffer {
  return encodeMessage(messageKinds.claimed, Buffer.from(JSON.stringify(reply)));
}
