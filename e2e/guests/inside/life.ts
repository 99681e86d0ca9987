import assert from "node:assert/strict";
import type { Check } from "./check.ts";
import { act, runProgram } from "./guest-watch.ts";

const cloneNewUts = 0x04000000;

export const lifeChecks: readonly Check[] = [
  {
    name: "fork and exit: in order, of one identity, with the exit code",
    async run(watch) {
      const { pid } = runProgram("/bin/sh", ["-c", "(exit 7) & wait $!; exit 3"]);
      const exit = await watch.gone(pid);
      assert.deepEqual([exit.exit_code, exit.exit_signal], [3, 0]);
      const fork = await watch.first("process", "fork", (event) => event.ppid === pid);
      const childExit = await watch.gone(fork.pid ?? 0);
      assert.equal(childExit.exit_code, 7);
      assert.deepEqual([fork.parent_start_us, fork.start_us], [exit.start_us, childExit.start_us]);
      const positions = [fork.position, childExit.position, exit.position].map(Number);
      assert.deepEqual(
        positions,
        positions.toSorted((a, b) => a - b),
      );
    },
  },
  {
    name: "exit by a signal says which",
    async run(watch) {
      const { pid } = runProgram("/bin/sh", ["-c", "kill -KILL $$"]);
      const exit = await watch.gone(pid);
      assert.deepEqual([exit.exit_code, exit.exit_signal], [0, 9]);
    },
  },
  {
    name: "namespace: a child in new namespaces, with the clone flags",
    async run(watch) {
      const { pid, status, stderr } = act("namespace");
      assert.equal(status, 0, stderr);
      const made = await watch.first("process", "namespace", (event) => event.ppid === pid);
      assert.equal((made.clone_flags ?? 0) & cloneNewUts, cloneNewUts);
    },
  },
  {
    name: "what ran before the sensor: known from the scan at its start, with its arguments",
    async run(watch) {
      const { pid } = runProgram("/bin/true", ["of-an-old-parent"]);
      const exec = await watch.first("process", "exec", (event) => event.pid === pid);
      assert.equal(exec.ancestor_exe_paths?.[0], "/atalaya/bin/node");
      assert.match(exec.ancestor_cmdlines?.[0] ?? "", /^\/atalaya\/bin\/node .*main\.js$/);
      assert.equal(exec.ancestor_pids?.at(-1), 1);
    },
  },
];
