/** The phases of a run, in their order. */
export const phaseNames = ["kills", "disk-publisher", "disk-hub", "clock-publisher", "clock-hub", "network"] as const;

export type PhaseName = (typeof phaseNames)[number];
