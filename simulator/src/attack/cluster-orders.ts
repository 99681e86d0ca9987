import { type Step, scenarioNames } from "./scenario.ts";
import { scenario } from "./scenarios.ts";

// What the attacker's pod is told to do: one file an order, for people to read, in charts/atalaya-simulation/files/orders.
// The chart carries them, so that it can be installed by Helm alone; they are written from the steps by
// `node simulator/src/attack/write-orders.ts`, and a test keeps both alike.
//
//   file name   SCENARIO.NN-STEP.sh         in the order in which they are given
//   # step: NAME                            as in the expectations
//   # plain                                 sent as it stands, not as a script in base64
//   # ends with: STATUS…                    the exit statuses that count as done; any when absent
//   # prints: ERE                           the output holds such a line (grep -E)
//   the rest                                the script

/** Every order file: its name and its text. */
export function orderFiles(): Map<string, string> {
  const files = new Map<string, string>();
  for (const name of scenarioNames) {
    for (const [i, step] of scenario(name, "debian").steps.entries()) {
      files.set(`${name}.${String(i + 1).padStart(2, "0")}-${slug(step.name)}.sh`, orderText(step));
    }
  }
  return files;
}

function orderText(step: Step): string {
  const { script, statuses, prints } = step.onCluster;
  const lines = [`# step: ${step.name}`];
  if (step.plain === true) lines.push("# plain");
  if (statuses !== undefined) lines.push(`# ends with: ${statuses.join(" ")}`);
  if (prints !== undefined) lines.push(`# prints: ${prints}`);
  return `${[...lines, script ?? step.script].join("\n")}\n`;
}

function slug(name: string): string {
  return name
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, "-")
    .replace(/^-|-$/g, "");
}
