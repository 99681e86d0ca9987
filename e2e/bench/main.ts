// npm run bench [-- NAME...] [--json] [--seconds N]: a line a figure: name, value, unit, target, ok or short.
import { parseArgs } from "node:util";
import type { Figure, Measure } from "./measure.ts";
import { verdict } from "./measure.ts";
import { measures } from "./measures.ts";

const help = `Usage: npm run bench [-- NAME...] [--json] [--seconds N]

${measures.map((one) => `  ${one.name.padEnd(14)} ${one.what}`).join("\n")}

Examples:
  npm run bench
  npm run bench -- audit ingest
  npm run bench -- sensor             (all whose name begins with sensor-)
  npm run bench -- latency --json`;

const { values, positionals: names } = parseArgs({
  allowPositionals: true,
  options: {
    json: { type: "boolean", default: false },
    seconds: { type: "string" },
    help: { type: "boolean", short: "h", default: false },
  },
});
const { json } = values;
const options = values.seconds === undefined ? {} : { seconds: Number(values.seconds) };
const isMeant = (measure: Measure, name: string) => measure.name === name || measure.name.startsWith(`${name}-`);
const unknown = names.filter((name) => !measures.some((one) => isMeant(one, name)));

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

if (values.help) process.stdout.write(`${help}\n`);
else if (unknown.length > 0) {
  process.stderr.write(`bench: there is no measure ${unknown.join(", ")}\n${help}\n`);
  process.exitCode = 2;
} else {
  for (const measure of measures) {
    if (names.length > 0 && !names.some((name) => isMeant(measure, name))) continue;
    const say = (line: string) => process.stderr.isTTY && process.stderr.write(`${measure.name}: ${line}\n`);
    for (const figure of await measure.run(say, options)) print(figure);
  }
}
