import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import type { SensorReport } from "@atalaya/wire";
import type { Check } from "./check.ts";
import { type GuestWatch, runProgram } from "./guest-watch.ts";

const count = 20;

/** Runs numbered programs while no collector is there; gives their numbers as a later collector hands them on. */
async function meanwhile(watch: GuestWatch, mark: string): Promise<() => number[]> {
  const loop = `i=0; while [ $i -lt ${count} ]; do i=$((i+1)); /bin/true ${mark} $i; done`;
  assert.equal(runProgram("/bin/sh", ["-c", loop]).status, 0);
  return () =>
    watch
      .all((event) => event.class === "process" && event.activity === "exec" && event.argv?.[1] === mark)
      .map((event) => Number("argv" in event ? event.argv?.[2] : 0));
}

/** What this kernel cannot pin is said of each program, and then the collector does not claim that it adopted. */
function assertAdopted(report: SensorReport): void {
  const unpinned = report.programs.filter((one) => one.reason?.startsWith("runs, but is not pinned"));
  assert.equal(report.adopted, unpinned.length === 0, JSON.stringify(unpinned));
  if (report.adopted) assert.equal(report.gap_us, 0);
}

export const pinChecks: readonly Check[] = [
  {
    name: "pin and adopt: what happens while a killed collector is gone comes with the next one, each once",
    async run(watch) {
      const before = watch.lastReport;
      assert.equal(await watch.end("SIGKILL"), "SIGKILL");
      const numbers = await meanwhile(watch, "while-killed");
      const report = await watch.start();
      assertAdopted(report);
      await watch.first(
        "process",
        "exec",
        (event) => event.argv?.[1] === "while-killed" && event.argv[2] === `${count}`,
      );
      assert.deepEqual(
        numbers(),
        Array.from({ length: count }, (_, i) => i + 1),
      );
      assert.equal(report.epoch, before?.epoch);
    },
  },
  {
    name: "pin and adopt: the same after SIGTERM, and the account balances",
    async run(watch) {
      assert.equal(await watch.end("SIGTERM"), 0);
      watch.assertExact();
      const numbers = await meanwhile(watch, "while-ended");
      assertAdopted(await watch.start());
      await watch.first(
        "process",
        "exec",
        (event) => event.argv?.[1] === "while-ended" && event.argv[2] === `${count}`,
      );
      assert.equal(numbers().length, count);
    },
  },
  {
    name: "--unpin-at-end leaves nothing pinned",
    async run(watch) {
      assert.equal(await watch.end("SIGTERM"), 0);
      await watch.start(["--unpin-at-end"]);
      assert.equal(await watch.end("SIGTERM"), 0);
      assert.equal(existsSync("/sys/fs/bpf/atalaya"), false);
      assert.deepEqual(watch.problems, []);
    },
  },
];
