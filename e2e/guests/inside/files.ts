import assert from "node:assert/strict";
import { mkdirSync, renameSync, statSync, symlinkSync, writeFileSync } from "node:fs";
import type { Check } from "./check.ts";
import { act, acts, runProgram } from "./guest-watch.ts";

/** In the root: its handle is opened below "/". */
const folder = "/root/files";
const secret = `${folder}/secret-file`;
/** arm64 has no open and no creat: there the C library means openat. */
const calls =
  process.arch === "x64" ? ["open", "creat", "openat", "openat2", "handle"] : ["openat", "openat2", "handle"];

const opensBy = calls.map(
  (call): Check => ({
    name: `open of a watched name by ${call === "handle" ? "open_by_handle_at" : call}`,
    needs: [call === "handle" ? "exit_open_by_handle_at" : `exit_${call}`],
    async run(watch) {
      mkdirSync(folder, { recursive: true });
      writeFileSync(secret, "x");
      const { pid, status } = act("opens", call, "1", secret);
      assert.equal(status, 0);
      const open = await watch.first("file", "open", (event) => event.pid === pid);
      assert.deepEqual([open.path, open.path_trusted, open.created], [secret, true, false]);
      const file = statSync(secret);
      assert.deepEqual([open.inode, open.device, open.upper_layer], [file.ino, file.dev, false]);
    },
  }),
);

export const fileChecks: readonly Check[] = [
  ...opensBy,
  {
    name: "open through a symbolic link: the path of the file itself",
    needs: ["exit_openat"],
    async run(watch) {
      symlinkSync(secret, `${folder}/harmless`);
      mkdirSync(`${folder}/deep`);
      const { pid } = runProgram(acts, ["opens", "openat", "1", "../harmless"], { cwd: `${folder}/deep` });
      const open = await watch.first("file", "open", (event) => event.pid === pid);
      assert.equal(open.path, secret);
    },
  },
  {
    name: "open of a file that was moved away from a watched name, with both names",
    needs: ["exit_openat", process.arch === "x64" ? "exit_rename_moved" : "exit_renameat_moved"],
    async run(watch) {
      const moved = `${folder}/deep/moved`;
      writeFileSync(`${folder}/deep/secret-file`, "x");
      renameSync(`${folder}/deep/secret-file`, moved);
      const { pid } = runProgram(acts, ["opens", "openat", "1", moved]);
      const open = await watch.first("file", "open", (event) => event.pid === pid);
      assert.deepEqual(
        [open.path, open.opened_as, open.inode],
        [`${folder}/deep/secret-file`, moved, statSync(moved).ino],
      );
    },
  },
  {
    name: "open for writing below a watched folder, with flags and that it was made; a read is not reported",
    needs: ["exit_openat2"],
    async run(watch) {
      mkdirSync("/tmp/written");
      const { pid } = act("opens", "openat2", "1", "/tmp/written/file");
      const open = await watch.first("file", "open", (event) => event.pid === pid);
      assert.deepEqual([open.path, open.created], ["/tmp/written/file", true]);
      assert.equal((open.open_flags ?? 0) & 0o103, 0o102);
      const reader = act("opens", "openat", "1", "/tmp/written/file");
      await watch.gone(reader.pid);
      assert.deepEqual(
        watch.all((event) => event.class === "file" && event.pid === reader.pid),
        [],
      );
    },
  },
  {
    name: "open_failed of a watched name, with the error and a path that is not to be trusted",
    needs: ["exit_openat2"],
    async run(watch) {
      mkdirSync("/tmp/closed", { mode: 0o755 });
      const path = "/tmp/closed/secret-file";
      writeFileSync(path, "", { mode: 0o600 });
      const { pid, status } = runProgram(acts, ["opens", "openat2", "1", path], { uid: 65_534 });
      assert.equal(status, 13);
      const refused = await watch.first("file", "open_failed", (event) => event.pid === pid);
      assert.deepEqual([refused.path, refused.error, refused.path_trusted, refused.uid], [path, -13, false, 65_534]);
    },
  },
];
