import { parseArgs } from "node:util";
import { Fault } from "@atalaya/wire";
import { phaseNames } from "./phase-names.ts";

export const help = `Usage: npm run soak [-- options]

Runs collector, publisher and hub under load and attacks, kills them again and again, fills their disks, sets their
clocks and cuts their network; then proves by the ledger, the process table and the alerts that nothing was lost.

  --kills N            how often a part is killed with -9, in turn (default 20)
  --seconds S          how long the run lasts for each kill, which comes at a random moment of it (default 60)
  --cut-seconds S      how long the network is cut (default 600)
  --hold-seconds S     how long a disk stays full and a clock wrong (default 30)
  --rate N             events a second that the load makes (default 500)
  --attack-seconds S   between two attacks (default 2)
  --only NAME          only this phase; can be repeated: ${phaseNames.join(", ")}
  --seed N             the random choices of an earlier run again
  --keep               keep the folder also when all is well
  --json               the result as one JSON object on standard output
  --help

Needs root, and the kernel's BPF. Exit status: 0 all proved, 1 something is not as promised, 2 unusable arguments.

Examples:
  npm run soak
  npm run soak -- --kills 3 --seconds 10 --cut-seconds 10 --hold-seconds 5
  npm run soak -- --only disk-publisher`;

export type SoakOptions = {
  help: boolean;
  kills: number;
  seconds: number;
  cutSeconds: number;
  holdSeconds: number;
  rate: number;
  attackSeconds: number;
  only: (typeof phaseNames)[number][];
  seed: number;
  keep: boolean;
  json: boolean;
};

const options = {
  kills: { type: "string", default: "20" },
  seconds: { type: "string", default: "60" },
  "cut-seconds": { type: "string", default: "600" },
  "hold-seconds": { type: "string", default: "30" },
  rate: { type: "string", default: "500" },
  "attack-seconds": { type: "string", default: "2" },
  only: { type: "string", multiple: true },
  seed: { type: "string" },
  keep: { type: "boolean", default: false },
  json: { type: "boolean", default: false },
  help: { type: "boolean", short: "h", default: false },
} as const;

/** Reads the command line; throws Fault USAGE that names the option. */
export function readSoakOptions(args: string[]): SoakOptions {
  const { values } = parsed(args);
  const number = (name: "kills" | "seconds" | "cut-seconds" | "hold-seconds" | "rate" | "attack-seconds") => {
    const value = Number(values[name]);
    if (!(value > 0)) throw new Fault("USAGE", `soak: --${name} takes a number above 0`);
    return value;
  };
  const only = (values.only ?? []).flatMap((text) => text.split(",")).map(phaseNamed);
  const seed = values.seed === undefined ? Math.floor(Math.random() * 2 ** 32) : Number(values.seed);
  if (!Number.isSafeInteger(seed) || seed < 0) throw new Fault("USAGE", "soak: --seed takes a whole number");
  return {
    help: values.help,
    kills: number("kills"),
    seconds: number("seconds"),
    cutSeconds: number("cut-seconds"),
    holdSeconds: number("hold-seconds"),
    rate: number("rate"),
    attackSeconds: number("attack-seconds"),
    only: only.length > 0 ? only : [...phaseNames],
    seed,
    keep: values.keep,
    json: values.json,
  };
}

function parsed(args: string[]) {
  try {
    return parseArgs({ args, options, strict: true });
  } catch (error) {
    throw new Fault("USAGE", `soak: ${error instanceof Error ? error.message : "unusable arguments"}; see --help`);
  }
}

function phaseNamed(name: string): (typeof phaseNames)[number] {
  const found = phaseNames.find((one) => one === name);
  if (found === undefined)
    throw new Fault("USAGE", `soak: there is no phase ${name}; it is one of ${phaseNames.join(", ")}`);
  return found;
}
