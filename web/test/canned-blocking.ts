import type { SensorReport } from "@atalaya/wire/api";

const nothing = { containers: 0, trials: 0, withheld: [] };

/** Of a node that is told to block and does, for the most part; or whose own file is refused. */
export function makeBlocking(isRefused: boolean): SensorReport["blocking"] {
  if (isRefused) return { state: "refused", why: "others than root may write to it", ...nothing };
  return { state: "on", containers: 7, trials: 2, withheld: [{ reason: "root_unknown", value: 1 }] };
}
