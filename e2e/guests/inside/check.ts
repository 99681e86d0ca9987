import type { GuestCheck } from "../guest-result.ts";
import { checksMsMax } from "../limits.ts";
import type { GuestWatch } from "./guest-watch.ts";

/** One thing that is done for real, and what the sensor must say of it; throws when it says another thing, or nothing. */
export type Check = {
  name: string;
  /** The BPF programs without which nothing can be seen: where one is refused, the kernel lacks it and nothing is done. */
  needs?: readonly string[];
  run: (watch: GuestWatch) => Promise<void>;
};

/** Runs them one after the other; one that fails does not end the others. */
export async function runChecks(
  checks: readonly Check[],
  watch: GuestWatch,
  running: ReadonlySet<string>,
): Promise<GuestCheck[]> {
  const results: GuestCheck[] = [];
  const end = performance.now() + checksMsMax;
  for (const check of checks) {
    const lacking = (check.needs ?? []).filter((name) => !running.has(name));
    if (lacking.length > 0) {
      results.push({ name: check.name, passed: false, lacking, milliseconds: 0 });
      continue;
    }
    const started = performance.now();
    const run =
      started < end ? check.run(watch) : Promise.reject(new Error("not done: the time for all checks was over"));
    const problem = await run.then(
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
