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

## What was done, and whether the events said so

\`lacks\`: not done, since the program that sees it is refused there.

${table(
  "act",
  checks.map((name) => [name, ...results.map((one) => checkOf(one, name))]),
)}
${refusals(results)}`;
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
