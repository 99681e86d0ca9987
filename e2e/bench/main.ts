// npm run bench [-- NAME...] [--json]: a line a figure: name, value, unit, target, ok or short.
import type { Figure } from "./measure.ts";
import { verdict } from "./measure.ts";
import { measures } from "./measures.ts";

const help = `Usage: npm run bench [-- NAME...] [--json]

${measures.map((one) => `  ${one.name.padEnd(14)} ${one.what}`).join("\n")}

Examples:
  npm run bench
  npm run bench -- audit ingest
  npm run bench -- latency --json`;

const args = process.argv.slice(2);
const json = args.includes("--json");
const names = args.filter((arg) => !arg.startsWith("-"));
const unknown = names.filter((name) => !measures.some((one) => one.name === name));

function print(figure: Figure): void {
  const result = verdict(figure);
  if (json) {
    const { target, ...rest } = figure;
    process.stdout.write(`${JSON.stringify({ ...rest, target: target?.value ?? null, result })}\n`);
    return;
  }
  const target =
    figure.target === undefined ? "" : `${figure.target.at === "most" ? "<=" : ">="} ${figure.target.value}`;
  const value = figure.value >= 100 ? figure.value.toFixed(0) : figure.value.toPrecision(4);
  const columns = [
    figure.name.padEnd(36),
    value.padStart(10),
    figure.unit.padEnd(12),
    target.padEnd(10),
    result.padEnd(5),
  ];
  process.stdout.write(`${columns.join(" ")} ${figure.detail ?? ""}`.trimEnd().concat("\n"));
}

if (args.includes("--help") || args.includes("-h")) process.stdout.write(`${help}\n`);
else if (unknown.length > 0) {
  process.stderr.write(`bench: there is no measure ${unknown.join(", ")}\n${help}\n`);
  process.exitCode = 2;
} else {
  for (const measure of measures) {
    if (names.length > 0 && !names.includes(measure.name)) continue;
    const say = (line: string) => process.stderr.isTTY && process.stderr.write(`${measure.name}: ${line}\n`);
    for (const figure of await measure.run(say)) print(figure);
  }
}
