/** The phases of a run, in their order. */
export const phaseNames = [
  "kills",
  "blind-second",
  "disk-publisher",
  "disk-hub",
  "clock-publisher",
  "clock-hub",
  "network",
  "desired-state",
] as const;

export type PhaseName = (typeof phaseNames)[number];
