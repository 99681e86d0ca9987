/** Every bound of the page. */
export const limits = {
  /** Alerts asked for at a time. */
  pageSize: 100,
  /** Live alerts that wait under the "N new" button before the list is simply fetched again. */
  waitingMax: 500,
  /** Alerts that one bulk action may touch. */
  bulkMax: 500,
  /** Requests of a bulk action under way at once. */
  bulkParallel: 4,
  /** Longest filter value taken from the address bar. */
  filterCharsMax: 256,
  /** Characters of one command line drawn before "show all". */
  commandCharsShown: 400,
  treeCharsShown: 220,
  sessionCharsShown: 160,
  /** Users named in a tag before "2 more". */
  usersInTag: 3,
  /** Characters of raw JSON drawn before "show all". */
  rawCharsShown: 60_000,
  commentCharsMax: 4096,
  /** How often figures that are not streamed are fetched again. */
  statusEveryMs: 5_000,
  /** The histogram and the chips' counts follow live alerts at most this often. */
  countsEveryMs: 3_000,
  /** Pauses between tries to open the stream again, the last one repeated. */
  streamRetryMs: [500, 1_000, 2_000, 5_000, 10_000],
  /** How often an alert whose node was asked for its recording is looked at again. */
  recordingLookMs: 2_000,
  /** Alerts that a dry run of a drift policy looks at: each is asked for. */
  driftAlertsMax: 300,
  /** Alerts of what was blocked that are listed, and as many of what is on trial. */
  blockedListedMax: 150,
  /** Pages of the newest changes in which those of a policy are sought. */
  policyChangePagesMax: 5,
  policyChangesShown: 10,
  /** Nodes that are listed beside the scopes of the flight recorder. */
  recorderNodesShown: 30,
  blockedLookBackMs: 7 * 86_400_000,
  /** Characters of the name of a rule or scope, and of one list of patterns. */
  policyNameCharsMax: 128,
  patternListCharsMax: 16_384,
  toastMs: 6_000,
} as const;
