import type { Phase } from "./phase.ts";
import { blindSecond } from "./phases/blind-second.ts";
import { clockOfHub, clockOfPublisher } from "./phases/clocks.ts";
import { desiredState } from "./phases/desired-state.ts";
import { diskOfHub, diskOfPublisher } from "./phases/disks.ts";
import { kills } from "./phases/kills.ts";
import { network } from "./phases/network.ts";

/** In the order of phaseNames. */
export const phases: readonly Phase[] = [
  kills,
  blindSecond,
  diskOfPublisher,
  diskOfHub,
  clockOfPublisher,
  clockOfHub,
  network,
  desiredState,
];
