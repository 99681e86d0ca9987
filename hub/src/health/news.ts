import type { SensorEvent } from "@atalaya/wire";
import type { NodeKey } from "../ledger/node-account.ts";

/** What is to be made known of a node's sensor: an event of class `sensor` in the making. */
export type News = {
  of: NodeKey;
  activity: Exclude<NonNullable<SensorEvent["activity"]>, "report">;
  reason: string;
  object?: string;
  count?: number;
  durationUs?: number;
  message: string;
};

const numbers = new Intl.NumberFormat("en");

export const countText = (n: number): string => numbers.format(n);

/** `3 s`, `4 min`, `2 h`: for sentences. */
export function durationText(us: number): string {
  const seconds = Math.ceil(Math.abs(us) / 1e6);
  if (seconds < 120) return `${seconds} s`;
  return seconds < 7_200 ? `${Math.round(seconds / 60)} min` : `${Math.round(seconds / 3_600)} h`;
}
