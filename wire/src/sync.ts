import * as z from "zod";
import { signedStateSchema, stateConfirmationSchema } from "./desired-state.ts";
import { ledgerCounterSchema } from "./ledger.ts";
import { recorderLimits, recorderPullSchema, recorderReportSchema } from "./recorder.ts";

/** Bounded: what is summed over nodes must stay a number, whatever one of them says. */
const count = z.number().nonnegative().max(Number.MAX_SAFE_INTEGER);

/** What a publisher says of itself with every sync. Counters are by class of event and survive its restarts. */
export const publisherReportSchema = z.object({
  version: z.string().max(64),
  /** Names the life of the counters: a spool that was made anew counts from zero under another one. */
  epoch: z.string().max(64),
  started_us: count,
  /** The publisher's clock when it wrote this. */
  now_us: count,
  cpu_us: count,
  memory_bytes: count,
  spool: z.object({
    bytes: count,
    bytes_max: count,
    frames: count,
    /** When the oldest frame that waits was stored; null when none waits. */
    oldest_us: count.nullable(),
    /** False while the disk takes nothing. */
    writable: z.boolean(),
  }),
  certificate_expires_us: count.nullable(),
  counters: z.array(ledgerCounterSchema).max(512),
  /** Absent where nothing was ever recorded. */
  recorder: recorderReportSchema.optional(),
});
export type PublisherReport = z.infer<typeof publisherReportSchema>;

/** A pod of this node proves that it may have something sent: its projected service-account token. Never stored. */
export const claimSchema = z.object({ token: z.string().min(1).max(16_384) });
/** `reason` is for the log of whoever claimed. */
export const claimReplySchema = z.object({ accepted: z.boolean(), reason: z.string().max(256).optional() });
export type Claim = z.infer<typeof claimSchema>;
export type ClaimReply = z.infer<typeof claimReplySchema>;

/** POST /v1/sync: the publisher reports, and waits for news. */
export const syncRequestSchema = z.object({
  publisher: publisherReportSchema,
  /** What the collector answered last; null before it did. */
  confirmed: stateConfirmationSchema.nullable(),
  /** The version of the state that the publisher holds; 0 for none. */
  holds: z.number().int().nonnegative(),
  /** The hub answers at once when its state is newer than `holds`, else after so long. */
  wait_s: z.number().min(0).max(30),
  /** Of pods that wait for an answer, e.g. the inventory's. */
  claims: z.array(claimSchema).max(4).optional(),
});
export type SyncRequest = z.infer<typeof syncRequestSchema>;

export const syncReplySchema = z.object({
  now_us: count,
  /** The newest state for this node; absent when the publisher holds it already. */
  state: signedStateSchema.optional(),
  /** As many, and in the order of, the request's claims. */
  claims: z.array(claimReplySchema).max(4).optional(),
  /** Windows of the flight recorder that alerts ask for; asked again until they are answered. */
  pulls: z.array(recorderPullSchema).max(recorderLimits.pullsMax).optional(),
});
export type SyncReply = z.infer<typeof syncReplySchema>;
