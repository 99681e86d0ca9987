// Every bound of what the flight recorder is asked for. Units last.
export const recorderHubLimits = {
  /** Pulls of one node that wait for its answer; an alert beyond it is told that it was too much at once. */
  openPerNodeMax: 64,
  /** Pulls of one container within so long, and containers that this is remembered of. */
  perContainerMax: 32,
  budgetUs: 3_600_000_000,
  containersMax: 10_000,
  /** A pull that was given out is given again after so long, and is over after so long. */
  againMs: 15_000,
  answerUs: 3_600_000_000,
} as const;
