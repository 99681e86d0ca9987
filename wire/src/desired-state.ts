import * as z from "zod";
import { driftPolicySchema } from "./drift-policy.ts";
import { filterPlanSchema } from "./filter-plan.ts";
import { recorderStateSchema } from "./recorder.ts";

// What the hub wants of a node, on its way down: hub -> publisher (in the reply to a request) -> collector (socket).
// It is signed, so that neither a publisher that was taken over nor whoever sits between can change what a node watches.

/** A value has at most 63 characters in Kubernetes. */
export const podLabelsLimits = { podsMax: 1_024, uidCharsMax: 64, valueCharsMax: 63, charsMax: 262_144 } as const;

const podLabelsSchema = z
  .record(
    z.string().max(podLabelsLimits.uidCharsMax),
    z.record(z.string().max(317), z.string().max(podLabelsLimits.valueCharsMax)),
  )
  .refine((pods) => Object.keys(pods).length <= podLabelsLimits.podsMax);

/** A part that is optional, or one that this version cannot read: it is told of as that, and the rest is in force. */
const orNotUnderstood = <T extends z.ZodType>(part: T) =>
  part.or(z.unknown().transform(() => "not_understood" as const)).optional();

export const desiredStateSchema = z.object({
  /** Grows with every change, also over a restart of the hub; a node refuses one that is older than what it holds. */
  version: z.number().int().nonnegative(),
  issued_us: z.number().nonnegative(),
  workspace: z.string().max(64),
  cluster: z.string().max(255),
  node: z.string().max(255),
  /** True when the node's certificate was revoked: it stops sending, and keeps what it has. */
  revoked: z.boolean(),
  filters: filterPlanSchema,
  /**
   * Which containers the flight recorder keeps; absent where the workspace records none. One that a later version wrote
   * otherwise records nothing, and holds up nothing else.
   */
  recorder: orNotUnderstood(recorderStateSchema),
  /**
   * The workspace's drift policy, where it blocks somewhere; whether the node follows is the node's own say (docs/drift.md).
   * To pass over a word of a later version could block more than was meant: such a policy is none, the rest is in force.
   */
  drift: orNotUnderstood(driftPolicySchema),
  /**
   * By uid, the labels of the node's pods, as far as scopes of the two ask for them: a pod that is not here has labels that
   * are not known. Whatever is not as documented says nothing of any pod.
   */
  pod_labels: orNotUnderstood(podLabelsSchema),
});
export type DesiredState = z.infer<typeof desiredStateSchema>;

/** The state as the exact text that was signed, and the signature of the hub's CA key over it (see state-signature.ts). */
export const signedStateSchema = z.object({ state: z.string().max(4 * 1024 * 1024), signature: z.string().max(1024) });
export type SignedState = z.infer<typeof signedStateSchema>;

/** What a collector answers to a state: in force, or refused and why. Travels up the socket as JSON. */
export const stateConfirmationSchema = z.object({
  version: z.number().int().nonnegative(),
  refused: z.string().max(512).optional(),
});
export type StateConfirmation = z.infer<typeof stateConfirmationSchema>;
