import type { Attacker } from "./attacker.ts";
import type { SoakOptions } from "./options.ts";
import type { OwnNetwork } from "./own-network.ts";
import type { PhaseName } from "./phase-names.ts";
import type { SmallDisk } from "./small-disk.ts";
import type { SoakStack } from "./soak-stack.ts";

/** One thing that was to be proved. */
export type Check = { phase: string; what: string; ok: boolean; detail: string };

/** What a phase has at hand. All of it runs, under load and attacks, while the phase does. */
export type SoakPlace = {
  options: SoakOptions;
  stack: SoakStack;
  attacker: Attacker;
  spoolDisk: SmallDisk;
  hubDisk: SmallDisk;
  network: OwnNetwork;
  random: () => number;
  /** Ends early when the run is told to stop. */
  pause(seconds: number): Promise<void>;
  say(line: string): void;
  check(what: string, ok: boolean, detail: string): void;
};

export type Phase = {
  name: PhaseName;
  what: string;
  /** Whether events may be lost in it at all; if so, only by name. */
  mayLose: boolean;
  run(place: SoakPlace): Promise<void>;
};
