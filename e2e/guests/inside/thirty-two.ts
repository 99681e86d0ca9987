// 32-bit calls that 64-bit code makes by `int 0x80`: seen where programs hang at the kernel's functions.
import assert from "node:assert/strict";
import { mkdirSync, writeFileSync } from "node:fs";
import type { Check } from "./check.ts";
import { runProgram } from "./guest-watch.ts";

const folder = "/root/thirty-two";
const secret = `${folder}/secret-file`;

function by32(...args: string[]) {
  mkdirSync(folder, { recursive: true });
  writeFileSync(secret, "x");
  const { pid, status } = runProgram("/guest/int80", args);
  assert.equal(status, 0, args[0]);
  return pid;
}

const opens = ["open", "openat"].map(
  (call): Check => ({
    name: `32-bit call: ${call} of a watched name`,
    needs: [`exit_${call}_ia32`],
    async run(watch) {
      const pid = by32(call, secret);
      const open = await watch.first("file", "open", (event) => event.pid === pid);
      assert.deepEqual([open.path, open.path_trusted, (open.open_flags ?? 0) & 3], [secret, true, 0]);
    },
  }),
);

const checks: readonly Check[] = [
  ...opens,
  {
    name: "32-bit call: unlink of a watched name",
    needs: ["exit_unlink_ia32"],
    async run(watch) {
      const path = `${folder}/changed-file`;
      writeFileSync(path, "x");
      const pid = by32("unlink", path);
      const unlink = await watch.first("file", "unlink", (event) => event.pid === pid);
      assert.equal(unlink.path, path);
    },
  },
  ...["setuid", "setuid16"].map(
    (call): Check => ({
      name: `32-bit call: ${call}`,
      needs: [`exit_${call}_ia32`],
      async run(watch) {
        const pid = by32(call, "1234");
        const made = await watch.first("kernel", "setuid", (event) => event.pid === pid);
        assert.equal(made.target, "1234");
      },
    }),
  ),
  {
    name: "32-bit call: a packet socket by socketcall",
    needs: ["exit_socketcall_ia32"],
    async run(watch) {
      const pid = by32("packet-socket", "");
      const made = await watch.first("network", "socket", (event) => event.pid === pid);
      assert.equal(made.pid, pid);
    },
  },
  {
    name: "32-bit call: a file is mapped to be run by mmap2, and by the oldest mmap",
    needs: ["exit_mmap_ia32", "exit_old_mmap_ia32"],
    async run(watch) {
      for (const call of ["mmap2", "old-mmap"]) {
        const path = "/tmp/mapped-by-32";
        writeFileSync(path, "x".repeat(4096));
        const pid = by32(call, path);
        const mapped = await watch.first("file", "map", (event) => event.pid === pid && event.path === path);
        assert.equal(mapped.path, path);
      }
    },
  },
];

/** Of amd64 alone. */
export const thirtyTwoChecks = process.arch === "x64" ? checks : [];
