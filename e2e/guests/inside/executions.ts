import assert from "node:assert/strict";
import { lstatSync, realpathSync, writeFileSync } from "node:fs";
import type { Check } from "./check.ts";
import { act, acts, runProgram } from "./guest-watch.ts";

export const executionChecks: readonly Check[] = [
  {
    name: "exec: arguments, directory, path and file of the program, and whose it is",
    async run(watch) {
      const { pid } = runProgram("/bin/echo", ["one", "", "three four"], { cwd: "/usr/bin", uid: 65_534 });
      const exec = await watch.first("process", "exec", (event) => event.pid === pid);
      assert.deepEqual(exec.argv, ["/bin/echo", "one", "", "three four"]);
      assert.deepEqual([exec.argc, exec.args_truncated], [4, false]);
      assert.deepEqual([exec.cwd, exec.filename, exec.exe_path], ["/usr/bin", "/bin/echo", realpathSync("/bin/echo")]);
      const file = lstatSync(realpathSync("/bin/echo"));
      assert.deepEqual([exec.exe_inode, exec.exe_device, exec.exe_mode], [file.ino, file.dev, file.mode]);
      assert.deepEqual([exec.exe_upper_layer, exec.exe_memfd, exec.exe_deleted], [false, false, false]);
      assert.deepEqual([exec.ppid, exec.tid, exec.ns_pid, exec.name], [process.pid, pid, pid, "echo"]);
      assert.deepEqual([exec.uid, exec.euid, exec.cap_effective, exec.user_name], [65_534, 65_534, 0, "nobody"]);
      assert.deepEqual([exec.container_id, exec.from_snapshot], ["host", false]);
      assert.equal(exec.ancestor_pids?.[0], process.pid);
    },
  },
  {
    name: "exec of a script: the interpreter is the program, the script is in the arguments",
    async run(watch) {
      writeFileSync("/tmp/script", "#!/bin/sh -e\ntrue\n", { mode: 0o755 });
      const { pid } = runProgram("/tmp/script", ["argument"]);
      const exec = await watch.first("process", "exec", (event) => event.pid === pid);
      assert.deepEqual(
        [exec.filename, exec.interpreter, exec.exe_path],
        ["/tmp/script", "/bin/sh", realpathSync("/bin/sh")],
      );
      assert.deepEqual(exec.argv, ["/bin/sh", "-e", "/tmp/script", "argument"]);
    },
  },
  {
    name: "exec with 100 KB of arguments: head and tail, and that something lacks",
    async run(watch) {
      const { pid } = runProgram("/bin/true", ["head-marker", "x".repeat(100_000), "tail-marker"]);
      const exec = await watch.first("process", "exec", (event) => event.pid === pid);
      assert.equal(exec.args_truncated, true);
      assert.ok((exec.args_bytes_total ?? 0) > 100_000);
      assert.deepEqual([exec.argv?.[1], exec.argv?.at(-1)], ["head-marker", "tail-marker"]);
    },
  },
  {
    name: "exec from a memfd is marked",
    async run(watch) {
      const { pid, status, stderr } = act("memfd", acts, "nothing");
      assert.equal(status, 0, stderr);
      const exec = await watch.first("process", "exec", (event) => event.pid === pid && event.exe_memfd === true);
      assert.deepEqual([exec.exe_path, exec.exe_deleted], ["/memfd:payload", false]);
    },
  },
  {
    name: "exec of a file that is gone is marked",
    async run(watch) {
      const script = `cat ${acts} > /tmp/gone; chmod 755 /tmp/gone; exec 9</tmp/gone; rm /tmp/gone; exec /proc/self/fd/9 nothing`;
      const { pid, status, stderr } = runProgram("/bin/sh", ["-c", script]);
      assert.equal(status, 0, stderr);
      const exec = await watch.first("process", "exec", (event) => event.pid === pid && event.exe_deleted === true);
      assert.deepEqual([exec.exe_path, exec.exe_memfd], ["/tmp/gone", false]);
    },
  },
  {
    name: "exec_failed of watched names, with the error",
    needs: ["exit_execve"],
    async run(watch) {
      const missing = act("exec", "/sbin/modprobe-absent");
      const first = await watch.first("process", "exec_failed", (event) => event.pid === missing.pid);
      assert.deepEqual([first.filename, first.error], ["/sbin/modprobe-absent", -2]);
      writeFileSync("/tmp/not-executable", "");
      const refused = act("exec", "/tmp/not-executable");
      const second = await watch.first("process", "exec_failed", (event) => event.pid === refused.pid);
      assert.deepEqual([second.filename, second.error], ["/tmp/not-executable", -13]);
    },
  },
];
