import type { Attack } from "./attack.ts";
import { byCalls } from "./by-calls.ts";
import { ofMiners } from "./of-miners.ts";
import { onFiles } from "./on-files.ts";
import { onNames } from "./on-names.ts";
import { onProcesses } from "./on-processes.ts";
import { onTheNetwork } from "./on-the-network.ts";

/** Every attack and its twin: what is captured as samples and what the live tests run. */
export const attacks: readonly Attack[] = [
  ...onProcesses,
  ...onFiles,
  ...onTheNetwork,
  ...onNames,
  ...ofMiners,
  ...byCalls,
];
