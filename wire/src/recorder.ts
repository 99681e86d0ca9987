import * as z from "zod";
import { policyIssue } from "./policy-issues.ts";
import { isWithin, type ScopeFacts, scopeShape } from "./scope.ts";

// The flight recorder: the last minutes of what some containers did, kept on their node, and pulled by an alert.
//
// A container is recorded where one of the scopes holds; without scopes none is. Recorded frames go up the socket as
// `recorded`, one container and one class each. Their positions are numbers of the container's recorded events of that
// class, from 1 on, and their layout hash names the recording: what is missing between two frames is told by the numbers.
// The name's first byte is 0 where nothing of the container can have been recorded before that recording.

export const recorderLimits = {
  scopesMax: 64,
  /** Of a policy as JSON: it travels in every node's desired state. */
  policyCharsMax: 65_536,
  /** How far an alert's pull looks back. */
  windowUs: 600_000_000,
  /** The newest events of the window that an answer holds, and its bytes before zstd. */
  answerEventsMax: 2_000,
  answerBytesMax: 2 * 1024 * 1024,
  answerFramesMax: 4_096,
  /** In one answer to a sync. */
  pullsMax: 16,
  /** Recorded events that an alert's process tree shows of one process. */
  rowEventsMax: 50,
} as const;

const nameSchema = z.string().min(1).max(128);

/** As it is put in force: an unknown word in it is a mistake. */
export const recorderPolicySchema = z
  .strictObject({
    scopes: z
      .array(z.strictObject({ name: nameSchema, ...scopeShape }))
      .max(recorderLimits.scopesMax)
      .refine(
        (scopes) => new Set(scopes.map((scope) => scope.name)).size === scopes.length,
        policyIssue("scopes_same_name", "two scopes have the same name"),
      ),
  })
  .refine(
    (policy) => JSON.stringify(policy).length <= recorderLimits.policyCharsMax,
    policyIssue(
      "policy_too_long",
      `more than ${recorderLimits.policyCharsMax} characters`,
      recorderLimits.policyCharsMax,
    ),
  );
export type RecorderPolicy = z.infer<typeof recorderPolicySchema>;

const scopesSchema = z.array(z.object({ name: nameSchema, ...scopeShape })).max(recorderLimits.scopesMax);

/**
 * As it travels: a node of an older version passes over what it does not know. `labelled` are the scopes that ask for labels:
 * without those, one would record more than was meant.
 */
export const recorderStateSchema = z.object({ scopes: scopesSchema, labelled: scopesSchema.optional() });
export type RecorderState = z.infer<typeof recorderStateSchema>;

export function recorderState({ scopes }: RecorderPolicy): RecorderState {
  const labelled = scopes.filter(({ labels }) => labels !== undefined);
  if (labelled.length === 0) return { scopes };
  return { scopes: scopes.filter(({ labels }) => labels === undefined), labelled };
}

export function recorderPolicyOf({ scopes, labelled = [] }: RecorderState): RecorderPolicy {
  return { scopes: [...scopes, ...labelled] };
}

export const noRecording: RecorderPolicy = { scopes: [] };

export function isRecorded(policy: RecorderPolicy, facts: ScopeFacts): boolean {
  return policy.scopes.some((scope) => isWithin(scope, facts));
}

/** 16 hexadecimal digits that name a recording; `random` are seven bytes. */
export function recordingName(isFirst: boolean, random: Buffer): string {
  return `${isFirst ? "00" : "01"}${random.toString("hex", 0, 7)}`;
}

/** Whether it is the first of its container. */
export const isFirstRecording = (name: string): boolean => name.startsWith("00");

/** What the hub asks a publisher for: one container's recorded events since then, for one alert. */
export const recorderPullSchema = z.object({
  alert_id: z.string().min(1).max(128),
  container_id: z.string().min(1).max(255),
  from_us: z.number().nonnegative(),
});
export type RecorderPull = z.infer<typeof recorderPullSchema>;

/** What goes with an answer, in the address of `POST /v1/recorded/ALERT`. */
export const recordedAnswerSchema = z.object({
  /** Since when the node's recorder holds anything at all; 0 where it holds nothing. */
  kept_from_us: z.coerce.number().int().nonnegative(),
  /** 1 where older events of the window were left out, because an answer is bounded. */
  cut: z.coerce.number().int().min(0).max(1),
  /** Blocks of the recorder's files that could not be read. */
  damaged: z.coerce.number().int().nonnegative().max(1_000_000),
});

/** Bounded, as all that a node claims. */
const count = z.number().nonnegative().max(Number.MAX_SAFE_INTEGER);

/** How a node's recorder is. Events are counted since the publisher started. */
export const recorderReportSchema = z.object({
  bytes: count,
  bytes_max: count,
  /** Since when it holds anything; null where it holds nothing. */
  oldest_us: count.nullable(),
  recorded: count,
  /** Older than the window, as intended. */
  aged: count,
  /** Given up before their time: the recorder's cap, or a disk that is short of room. */
  given_up: count,
  /** Never stored: the disk took nothing, or too much came at once. */
  unwritten: count,
  /** Frames that were none, or that the rules of recording do not allow. */
  refused_frames: count,
});
export type RecorderReport = z.infer<typeof recorderReportSchema>;

/** One recorded event as an alert shows it. */
export const recordedEventSchema = z.object({
  time_us: z.number(),
  class: z.string(),
  activity: z.string(),
  pid: z.number().nullable(),
  start_us: z.number().nullable(),
  /** The process' name. */
  name: z.string(),
  /** The decisive value: a command line, a path, an address, a domain. */
  what: z.string(),
});
export type RecordedEvent = z.infer<typeof recordedEventSchema>;

/** What became of an alert's pull, and what is missing in what came. */
export const alertRecordingSchema = z.object({
  /** asked: on its way; answered; unanswered: the node did not within an hour; refused: too many. */
  state: z.enum(["asked", "answered", "unanswered", "refused"]),
  container_id: z.string(),
  from_us: z.number(),
  asked_us: z.number(),
  answered_us: z.number().nullable(),
  kept_from_us: z.number().nullable(),
  /** True where the first event of each class that was ever recorded of the container is here: nothing came before it. */
  from_beginning: z.boolean(),
  /** True where the answer was bounded and older events of the window stayed behind. */
  cut: z.boolean(),
  counts: z.array(
    z.object({
      class: z.string(),
      events: z.number(),
      /** Recorded before the first one here: older than the window, given up, or left out. */
      earlier: z.number(),
      /** Missing between the first and the last one here. */
      lost: z.number(),
    }),
  ),
  /** Events of frames that could not be read, and blocks on the node that could not. */
  undecodable: z.number(),
  damaged: z.number(),
});
export type AlertRecording = z.infer<typeof alertRecordingSchema>;

export const recordingPageSchema = z.object({
  recording: alertRecordingSchema,
  events: z.array(recordedEventSchema),
});
export type RecordingPage = z.infer<typeof recordingPageSchema>;
