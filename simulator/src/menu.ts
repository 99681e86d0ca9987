import { createInterface } from "node:readline";
import { Fault } from "@atalaya/wire";

const choices = [
  ["recon", "reads the service account's token, asks what it may do, scans the network"],
  ["lateral-mov", "asks the cloud's metadata service for credentials"],
  ["secrets", "searches for credentials in files and variables, and reads them"],
  ["crypto", "tunes the processor, prepares a rootkit's place, downloads and runs a “miner”"],
  ["webshell", "gives one order through a web shell"],
  ["ti-domain", "asks for a domain that threat intelligence knows"],
  ["all", "all of them"],
] as const;

type Streams = { input: NodeJS.ReadableStream; output: NodeJS.WritableStream };

/**
 * Asks for one scenario, by number or name, until it is one; nothing means all. Throws Fault USAGE where the input ends
 * before.
 */
export async function chooseScenario({ input, output }: Streams): Promise<string> {
  const width = Math.max(...choices.map(([name]) => name.length));
  const lines = choices.map(([name, what], i) => `  ${i + 1}  ${name.padEnd(width)}  ${what}`);
  const ask = () => output.write(`Number or name (${choices.length}): `);
  output.write(`Which attack?\n${lines.join("\n")}\n`);
  ask();
  for await (const answer of createInterface({ input, terminal: false })) {
    const chosen = choiceOf(answer.trim());
    if (chosen !== undefined) return chosen;
    output.write("There is no such scenario.\n");
    ask();
  }
  throw new Fault("USAGE", "No scenario was chosen. See: atalaya simulate --help");
}

function choiceOf(answer: string): string | undefined {
  if (answer === "") return "all";
  return choices.find(([name], i) => name === answer || String(i + 1) === answer)?.[0];
}
