// Every bound of the audit log of the API. Units last.

export const changeLimits = {
  /** Kept in a workspace; the oldest go first. */
  keptMax: 100_000,
  /** Of them those of strangers, who could else push out what accounts did. */
  strangersKeptMax: 10_000,
  /** How many are written between two looks at what has to go. */
  pruneEach: 500,
  /** What is not yet written: beyond it a change is counted, not kept. */
  waitingMax: 2_000,
  /** A stranger's attempts that are noted in a minute; the rest are counted. */
  strangersPerMinuteMax: 120,
  writeDelayMs: 200,
  retryMs: 5_000,
  objectCharsMax: 256,
  pageDefault: 50,
  pageMax: 200,
} as const;
