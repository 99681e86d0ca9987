import * as z from "zod";

/** A session that somebody opened into a pod through the API server, as its audit record names it. */
export const podSessionSchema = z.object({
  kind: z.enum(["exec", "debug", "attach", "port-forward"]),
  user: z.string(),
  groups: z.array(z.string()),
  source_ips: z.array(z.string()),
  user_agent: z.string().optional(),
  /** Whom the user acted as. */
  acting_as: z.string().optional(),
  container: z.string().optional(),
  command: z.array(z.string()).optional(),
  audit_id: z.string(),
  received_us: z.number(),
  ended_us: z.number().optional(),
});
export type PodSession = z.infer<typeof podSessionSchema>;

/**
 * Who did it, as audit and runtime together say.
 *
 *   how         `started`: the session's process or what it started; `attached`: somebody was attached to the process it
 *               comes from; `connected`: somebody had a port of the pod forwarded (nobody knows what the connection did)
 *   certainty   `known`: `sessions` holds one, and it is that one. `ambiguous`: it is one of `sessions`, or of nobody's
 *               whom we know
 *   reason      only_match         nothing else fits, and everything of that time has arrived
 *               by_elimination     others fit too, but each of them belongs to another session
 *               still_arriving     more of that time may arrive yet; it is settled within seconds
 *               several_sessions   sessions with the same command in the same container at the same time
 *               several_processes  as many processes fit as no known session explains (a probe, an audit record that is late)
 *               too_many           more at once than is told apart
 *               present            the session was open at that time, no more is known
 *               part_of_alert      it is known of a part of what an alert holds: others may have done the rest
 */
export const doneBySchema = z.object({
  how: z.enum(["started", "attached", "connected"]),
  certainty: z.enum(["known", "ambiguous"]),
  confidence: z.enum(["high", "medium", "low"]),
  reason: z.enum([
    "only_match",
    "by_elimination",
    "still_arriving",
    "several_sessions",
    "several_processes",
    "too_many",
    "present",
    "part_of_alert",
  ]),
  sessions: z.array(podSessionSchema),
});
export type DoneBy = z.infer<typeof doneBySchema>;

/** What a list shows of it: the user where one is known, else who it may have been. */
export const doneByShortSchema = z.object({
  users: z.array(z.string()),
  how: doneBySchema.shape.how,
  certainty: doneBySchema.shape.certainty,
});
export type DoneByShort = z.infer<typeof doneByShortSchema>;
