import type { Phase } from "./phase.ts";
import { clockOfHub, clockOfPublisher } from "./phases/clocks.ts";
import { diskOfHub, diskOfPublisher } from "./phases/disks.ts";
import { kills } from "./phases/kills.ts";
import { network } from "./phases/network.ts";

/** In the order of phaseNames. */
export const phases: readonly Phase[] = [kills, diskOfPublisher, diskOfHub, clockOfPublisher, clockOfHub, network];
