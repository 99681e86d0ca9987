import type { GuestCheck } from "../guest-result.ts";
import type { GuestWatch } from "./guest-watch.ts";

/** One thing that is done for real, and what the sensor must say of it; throws when it says another thing, or nothing. */
export type Check = { name: string; run: (watch: GuestWatch) => Promise<void> };

/** Runs them one after the other; one that fails does not end the others. */
export async function runChecks(checks: readonly Check[], watch: GuestWatch): Promise<GuestCheck[]> {
  const results: GuestCheck[] = [];
  for (const check of checks) {
    const started = performance.now();
    const problem = await check.run(watch).then(
      () => undefined,
      (error: unknown) => (error instanceof Error ? error.message : String(error)),
    );
    const milliseconds = Math.round(performance.now() - started);
    process.stderr.write(`guest: ${problem === undefined ? "ok  " : "FAIL"} ${milliseconds} ms ${check.name}\n`);
    const result = { name: check.name, passed: problem === undefined, milliseconds };
    results.push(problem === undefined ? result : { ...result, problem: problem.slice(0, 2_000) });
  }
  return results;
}
