// The same through io_uring, where no system call names it.
import assert from "node:assert/strict";
import { mkdirSync, writeFileSync } from "node:fs";
import type { Check } from "./check.ts";
import { runProgram } from "./guest-watch.ts";

const folder = "/root/uring";
const secret = `${folder}/secret-file`;

export const uringChecks: readonly Check[] = ["openat", "openat2"].map(
  (call): Check => ({
    name: `open of a watched name by ${call} through io_uring`,
    needs: ["uring_complete"],
    async run(watch) {
      mkdirSync(folder, { recursive: true });
      writeFileSync(secret, "x");
      const { pid, status, stderr } = runProgram("/guest/uring", [call, secret]);
      assert.equal(status, 0, stderr);
      const open = await watch.first("file", "open", (event) => event.pid === pid);
      assert.deepEqual([open.path, open.path_trusted, open.via_io_uring], [secret, true, true]);
    },
  }),
);
