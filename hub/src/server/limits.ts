// Every bound of the hub's server: connections, sign-in, streams, notification. Units last.
import { limits as wireLimits } from "@atalaya/wire";

const minuteMs = 60_000;
const dayMs = 24 * 60 * minuteMs;

export const serverLimits = {
  connectionsMax: 4_096,
  /** Connections that have shown no credential yet: beyond it the oldest of the busiest network makes room. */
  strangersMax: 512,
  /** Connections of one credential (more than all streams): beyond it its oldest is closed. */
  connectionsPerCredentialMax: 320,
  /** From a connection's start to the end of its TLS handshake. */
  handshakeMs: 10_000,
  /** How often connections without a whole head or body in time are looked for. */
  connectionCheckMs: 5_000,
  /** Headers and body of one request must have arrived after this time: a slow sender holds a place no longer. */
  headersMs: 10_000,
  requestMs: 60_000,
  keepAliveMs: 65_000,
  jsonBodyBytesMax: 256 * 1024,
  /** From SIGTERM to the end of the process. */
  closeMs: 3_000,
  /** What requests in flight get of it. */
  drainMs: 1_500,

  /**
   * Bodies of /v1/ingest and /v1/audit between their head and their answer, and their bytes on the wire. Fifty nodes send
   * in two lanes: with 32, a commit that took long refused them, and what they had then came a second later.
   */
  bodiesInFlightMax: 256,
  bodyBytesInFlightMax: 64 * 1024 * 1024,
  /** Of them, those of one credential. */
  bodiesPerCredentialMax: 8,
  /** A body that has been arriving for longer, slower than this, gives its place to one that wants it. */
  slowBodyMs: 2_000,
  slowBodyBytesPerSecond: 16 * 1024,
  /** Audit bodies up to this are read by the API's own thread (15 ms for the worst of them), others by one of their own. */
  auditInlineBytesMax: 64 * 1024,
  auditReaderMebibytesMax: 384,
  /** Each may take limits.ingestUnpackedBytesMax while it is unpacked. */
  unpackingMax: 2,
  retryAfterS: 1,

  sessionMs: 12 * 60 * minuteMs,
  tokenMs: 90 * dayMs,
  /** The local command line's token: a new one is made at a start when less than the second is left. */
  localTokenMs: 400 * dayMs,
  localTokenRenewMs: 100 * dayMs,

  /** Failed logins of one account from one address: from here on it is refused unseen. */
  loginFreeFailures: 5,
  /** Failed logins from one address, whatever the account. */
  loginAddressFreeFailures: 30,
  loginDelayFirstMs: 100,
  loginLockFirstMs: 2_000,
  loginLockMs: 15 * minuteMs,
  /** A quiet time after which failures are forgotten. */
  loginForgetMs: 60 * minuteMs,
  loginKeysMax: 20_000,
  /** argon2id takes 19 MiB each: so many at one time, so many waiting. */
  passwordChecksMax: 2,
  passwordChecksQueuedMax: 32,

  streamsMax: 256,
  streamBufferBytesMax: 2 * 1024 * 1024,
  /** What all streams together may hold for readers that do not keep up. */
  streamBuffersBytesMax: 64 * 1024 * 1024,
  streamHeartbeatMs: 15_000,
  /** What a resumed stream may have missed: beyond it the page has to load afresh. */
  streamResumeAlertsMax: 20_000,

  notificationsQueuedMax: 1_000,
  notificationAttemptsMax: 8,
  notificationBackOffFirstMs: 1_000,
  notificationBackOffMs: 5 * minuteMs,
  notificationAnswerMs: 10_000,
  /** Alerts that are remembered as notified. */
  notifiedMax: 20_000,
  /** Those of them that are written down with the cursor. */
  notifiedKeptMax: 200,
  notificationFileBytesMax: 64 * 1024 * 1024,

  authorityMs: 10 * 365 * dayMs,
  authorityRenewMs: 180 * dayMs,
  certificateMs: 365 * dayMs,
  certificateRenewMs: 60 * dayMs,
  certificateCheckMs: 12 * 60 * minuteMs,
} as const;

if (serverLimits.connectionsPerCredentialMax <= serverLimits.streamsMax)
  throw new Error("one person's streams must fit among their connections");
if (serverLimits.bodyBytesInFlightMax < wireLimits.auditBodyBytesMax)
  throw new Error("the largest body must fit among those in flight");
if (serverLimits.drainMs >= serverLimits.closeMs) throw new Error("draining must leave time to close");
