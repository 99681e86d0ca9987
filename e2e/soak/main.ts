// npm run soak: see --help.
import { Fault } from "@atalaya/wire";
import { help, readSoakOptions, type SoakOptions } from "./options.ts";
import { isInside, runInside } from "./own-namespaces.ts";
import { type SoakResult, soak } from "./soak.ts";

function say(line: string): void {
  process.stderr.write(`${new Date().toISOString().slice(11, 19)} ${line}\n`);
}

async function run(options: SoakOptions): Promise<number> {
  const stop = new AbortController();
  for (const signal of ["SIGINT", "SIGTERM"] as const) process.on(signal, () => stop.abort());
  const result = await soak(options, say, stop.signal);
  if (options.json) process.stdout.write(`${JSON.stringify(result)}\n`);
  else process.stdout.write(`${summary(result).join("\n")}\n`);
  return result.ok ? 0 : 1;
}

function summary({ seed, ok, seconds, checks, ready_ms, folder }: SoakResult): string[] {
  const lines = checks.map((one) => `${one.ok ? "ok   " : "SHORT"} ${one.phase.padEnd(15)} ${one.what}: ${one.detail}`);
  for (const [part, all] of Object.entries(ready_ms))
    lines.push(`      ${part} started ${all.length} times, ready within ${Math.max(...all)} ms`);
  lines.push(`${ok ? "ok" : "SHORT"}: ${checks.length} checks in ${seconds} s, seed ${seed}`);
  if (folder !== null) lines.push(`logs and data are kept in ${folder}`);
  return lines;
}

try {
  const args = process.argv.slice(2);
  const options = readSoakOptions(args);
  if (options.help) process.stdout.write(`${help}\n`);
  else process.exitCode = isInside() ? await run(options) : await runInside(import.meta.url, args);
} catch (error) {
  if (!(error instanceof Fault)) throw error;
  process.stderr.write(`${error.message}\n`);
  process.exitCode = 2;
}
