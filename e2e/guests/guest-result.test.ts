import assert from "node:assert/strict";
import { test } from "node:test";
import { programPlans } from "../../collector/src/kernel/programs.ts";
import { type GuestResult, missingPrograms, readResult, resultMark } from "./guest-result.ts";

const result: GuestResult = {
  release: "6.1.0",
  architecture: "amd64",
  boot_seconds: 4.5,
  lsms: "bpf",
  missing: [],
  programs: [{ name: "process_exec", loaded: true, attached: true }],
  checks: [{ name: "exec", passed: false, milliseconds: 7, problem: "none came" }],
  instructions: { getppid: 300 },
  events: ["process.exec"],
  seconds: 0,
  sources: "",
};
const line = `${resultMark}${JSON.stringify(result)}`;

test("the result is found among what the kernel writes to the same line", () => {
  assert.deepEqual(
    readResult(`[    0.1] Linux\r\nguest: up\r\n\r\n${line}\r\n[   30.1] reboot: Power down\r\n`),
    result,
  );
});

test("the last result counts", () => {
  const earlier = `${resultMark}${JSON.stringify({ ...result, release: "5.10.0" })}`;
  assert.equal(readResult(`${earlier}\n${line}\n`)?.release, "6.1.0");
});

test("a console without a result has none, and one whose result was cut off has none", () => {
  assert.equal(readResult("[    0.1] Kernel panic - not syncing\r\n"), undefined);
  assert.equal(readResult(`guest: up\n${line.slice(0, -20)}`), undefined);
});

test("a result of another shape is refused", () => {
  assert.throws(() => readResult(`${resultMark}{"release":1}\n`), /release/);
});

test("a program is missing where neither it nor its stand-in runs", () => {
  const all = programPlans.map((plan) => ({
    name: plan.program,
    loaded: true,
    attached: plan.insteadOf === undefined,
  }));
  assert.deepEqual(missingPrograms(all), []);
  const withStandIn = all.map((one) =>
    one.name.startsWith("process_exit") ? { ...one, attached: one.name === "process_exit_by_count" } : one,
  );
  assert.deepEqual(missingPrograms(withStandIn), []);
  assert.deepEqual(missingPrograms(all.filter((one) => one.name !== "cgroup_made")), ["cgroup_made"]);
});
