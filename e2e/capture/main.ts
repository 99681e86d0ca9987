import { Fault } from "@atalaya/wire";
import { type Attack, attackId } from "../attacks/attack.ts";
import { attacks } from "../attacks/table.ts";
import { type Captured, captureAll } from "./capture.ts";
import { differences } from "./check.ts";
import { expectedRules } from "./fired.ts";
import { writeSample } from "./sample.ts";

const help = `Usage: npm run capture -- ATTACK...|--all [--check]

Runs attacks in a container that is made for them, with the sensor watching, and writes what it saw to
detections/samples/. Needs root, BPF and runc.

  ATTACK    RULE, or RULE/fires-NAME, RULE/quiet-NAME, as the folders and files of the samples are called
  --all     all of them
  --check   writes nothing: says what is not the same as in the samples, and ends with 1 when something is not

Attacks:
${attacks.map((attack) => `  ${attackId(attack)}`).join("\n")}`;

function chosen(args: readonly string[]): Attack[] {
  const names = args.filter((arg) => !arg.startsWith("--"));
  const odd = args.find((arg) => arg.startsWith("--") && arg !== "--all" && arg !== "--check");
  if (odd !== undefined) throw new Fault("USAGE", `capture does not know ${odd}; see --help`);
  if (args.includes("--all")) return [...attacks];
  const fits = (attack: Attack, name: string) => attackId(attack) === name || attackId(attack).startsWith(`${name}/`);
  const unknown = names.find((name) => !attacks.some((attack) => fits(attack, name)));
  if (unknown !== undefined) throw new Fault("USAGE", `there is no attack ${unknown}; see --help`);
  if (names.length === 0) throw new Fault("USAGE", "say which attacks, or --all; see --help");
  return attacks.filter((attack) => names.some((name) => fits(attack, name)));
}

/** Returns whether the entry came out as it should. */
async function settle(captured: Captured, check: boolean): Promise<boolean> {
  const { attack, events, fired } = captured;
  const expected = expectedRules(attack);
  const found = check ? differences(captured) : [];
  if (!check && fired.join() !== expected.join()) found.push(`fired ${fired.join(", ") || "nothing"}; not written`);
  if (!check && found.length === 0) await writeSample(attack, events);
  const word = found.length > 0 ? "WRONG" : check ? "same " : "wrote";
  process.stdout.write(`${word} ${attackId(attack)}: ${events.length} events; ${fired.join(", ") || "no rule"}\n`);
  for (const one of found) process.stdout.write(`      ${one.replaceAll("\n", "\n      ")}\n`);
  return found.length === 0;
}

async function main(args: readonly string[]): Promise<void> {
  if (args.includes("--help")) {
    process.stdout.write(`${help}\n`);
    return;
  }
  let wrong = 0;
  await captureAll(chosen(args), async (captured) => {
    if (!(await settle(captured, args.includes("--check")))) wrong += 1;
  });
  if (wrong > 0) process.exitCode = 1;
}

try {
  await main(process.argv.slice(2));
} catch (error) {
  if (!(error instanceof Fault)) throw error;
  process.stderr.write(`capture: ${error.message}\n`);
  process.exitCode = error.code === "USAGE" ? 2 : 1;
}
