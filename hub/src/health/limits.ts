// When news of a sensor is worth an alert. Units last.

export const healthLimits = {
  /** Fewer events lost of a class and reason in one go are in the ledger and no alert. */
  lossLeast: 10,
  /** Loss that has not grown for so long has ended; one that goes on is told after the second, and again after the third. */
  lossQuietMs: 3_000,
  lossTellMs: 5_000,
  lossTellAgainMs: 60_000,
  /** Classes and reasons of one node that are followed at one time. */
  lossKindsMax: 64,
  /** A collector that first reports this long after its start lost what it lost before the hub knew it. */
  lossFreshUs: 60_000_000,
  /** A publisher that could not reach the hub tries again within 30 s, an upgrade takes some. */
  silentMs: 20_000,
  /** A publisher whose oldest frame is older than this has a backlog that its sensor's reports wait behind. */
  backlogUs: 5_000_000,
  /** After the hub's own start, every publisher gets this long to come back. */
  startGraceMs: 60_000,
  /** A node that was silent for longer when the hub started was told of before. */
  silentForgottenUs: 86_400_000_000,
  /** An audit log that was not read for so long is told of; read for so long, it is read again. */
  unreadMs: 30_000,
  /** A clock this far from the hub's; and one that moved against it by so much from one report to the next. */
  clockAwayUs: 30_000_000,
  clockJumpUs: 10_000_000,
  /** After the hub's own clock jumped, so long no node's clock is blamed. */
  clockGraceMs: 60_000,
  /** The same refusal or mismatch of one node is told once in this time. */
  repeatMs: 10_000,
  /** News of one kind within a minute; what is more is counted and told together. */
  newsPerMinuteMax: 30,
  /** News that wait for the store. */
  waitingMax: 256,
  retryMs: 5_000,
} as const;
export type HealthLimits = { readonly [K in keyof typeof healthLimits]: number };
