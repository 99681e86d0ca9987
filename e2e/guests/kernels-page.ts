import { programPlans } from "../../collector/src/kernel/programs.ts";
import { kernelEvents } from "./events.ts";
import type { GuestResult } from "./guest-result.ts";

/** docs/kernels.md from the results of all guests: only what was run is in it. */
export function kernelsPage(results: readonly GuestResult[]): string {
  const columns = results.map((one) => `${one.release} ${one.architecture}`);
  const row = (cells: readonly string[]) => `| ${cells.join(" | ")} |`;
  const table = (first: string, rows: readonly (readonly string[])[]) =>
    [row([first, ...columns]), row(["---", ...columns.map(() => "---")]), ...rows.map(row)].join("\n");
  const programs = namesOf(results.map((one) => one.programs));
  const checks = namesOf(results.map((one) => one.checks));
  return `# Kernels

Made by \`node e2e/guests/main.ts --write-docs\` after \`npm run test:guests\` (e2e/guests): each of these kernels of Debian's was booted, and the sensor
as it ships ran in it. Nothing here was written by hand.

## What the sensor said of its programs

\`runs\`: attached. \`not pinned\`: runs, but ends with the collector. \`refused\`: the kernel did not take it. \`other\`: its stand-in
runs, or was not needed.

${table(
  "program",
  programs.map((name) => [`\`${name}\``, ...results.map((one) => stateOf(one, name))]),
)}

## What a kernel lacks

${lacks(results)}

## Which events were provoked and told

${table(
  "event",
  kernelEvents.map((name) => [`\`${name}\``, ...results.map((one) => (one.events.includes(name) ? "yes" : "**no**"))]),
)}

## What was done, and whether the events said so

\`lacks\`: not done, since the program that sees it is refused there.

${table(
  "act",
  checks.map((name) => [name, ...results.map((one) => checkOf(one, name))]),
)}
${refusals(results)}`;
}

/** One line a kernel, from what the sensor reported there. */
function lacks(results: readonly GuestResult[]): string {
  return results
    .map((one) => {
      const names = (list: readonly string[]) => list.map((name) => `\`${name}\``).join(", ");
      const of32Bit = one.missing.filter((name) => name.endsWith("_ia32"));
      const others = one.missing.filter((name) => !of32Bit.includes(name));
      const plan = (name: string) => programPlans.find((known) => known.program === name);
      const standIns = one.programs.filter(({ name, attached }) => attached && plan(name)?.insteadOf !== undefined);
      const unpinned = one.programs.filter(({ attached, reason }) => attached && reason !== undefined);
      const said = [
        others.length > 0 ? `not seen for want of ${names(others)}` : "",
        of32Bit.length > 0 ? `${of32Bit.length} kinds of 32-bit calls (\`…_ia32\`) are not seen` : "",
        standIns.length > 0 ? `older forms of programs: ${names(standIns.map(({ name }) => name))}` : "",
        unpinned.length > 0 ? `blind while no collector runs: ${names(unpinned.map(({ name }) => name))}` : "",
      ].filter((part) => part !== "");
      return `- ${one.release} ${one.architecture}: ${said.length === 0 ? "nothing" : said.join("; ")}`;
    })
    .join("\n");
}

function namesOf(lists: readonly (readonly { name: string }[])[]): string[] {
  return [...new Set(lists.flatMap((list) => list.map((one) => one.name)))];
}

function stateOf(result: GuestResult, name: string): string {
  const state = result.programs.find((one) => one.name === name);
  if (state === undefined) return "other";
  if (!state.attached) return "refused";
  return state.reason === undefined ? "runs" : "not pinned";
}

function checkOf(result: GuestResult, name: string): string {
  const check = result.checks.find((one) => one.name === name);
  if (check === undefined) return "not there";
  if (check.lacking !== undefined) return "lacks";
  return check.passed ? "yes" : "**no**";
}

function refusals(results: readonly GuestResult[]): string {
  const lines = results.flatMap((one) =>
    one.programs
      .filter((program) => program.reason !== undefined)
      .map((program) => `- ${one.release} ${one.architecture}, \`${program.name}\`: ${plain(program.reason ?? "")}`),
  );
  return lines.length === 0 ? "" : `\n## The reasons that the sensor gave\n\n${lines.join("\n")}\n`;
}

/** The kernel's words, on one line of a page. */
function plain(reason: string): string {
  const text = reason.replace(/\s+/g, " ").replaceAll("`", "'");
  return `\`${text.length > 300 ? `${text.slice(0, 300)}…` : text}\``;
}
