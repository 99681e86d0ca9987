// Every bound of enrolment. Units last.
const hourMs = 3_600_000;

export const enrolmentLimits = {
  certificateMs: 24 * hourMs,
  /** Before the present: a clock set back does not lock a node out. */
  backdateMs: 24 * hourMs,
  /** So long after its end a certificate still proves its node, for a renewal and nothing else. */
  renewGraceMs: 7 * 24 * hourMs,
  /** Clocks of hub and API server may differ by so much. */
  tokenLeewayMs: 60_000,
  /** The keys of a cluster that the hub reaches are read again so often; sooner when a token has a key that none knows. */
  keysReadMs: 600_000,
  keysAgainMs: 10_000,
  keysRetryMs: 15_000,
  /** An API server is given so long; the publisher waits for its own answer. */
  kubeAnswerMs: 8_000,
  /** How long it is remembered which key a pod enrolled with; a projected token lives for a day at most by default. */
  podsKeptMs: 30 * 24 * hourMs,
  /** This machine's own token; made anew at each start of the hub while its node is not known. */
  localTokenMs: 24 * hourMs,
} as const;

/** By whose tokens publishers enrol, where nothing else was said. */
export const defaultAccount = { namespace: "kube-system", serviceAccount: "atalaya-publisher" } as const;
