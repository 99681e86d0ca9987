import { closeSync, openSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { Fault } from "@atalaya/wire";
import type { RunFolder } from "../run-folder.ts";
import { mustRun, runProgram } from "../run-program.ts";
import type { ContainerRuntime } from "./runtime.ts";

/** Bare runc, as nothing but a bundle and a state folder of the run: no daemon, no annotations. */
export function runcRuntime(folder: RunFolder): ContainerRuntime {
  const global = ["--root", join(folder.path, "runc")];
  return {
    name: "runc",
    async start(id, bundle) {
      const pidFile = join(bundle, "pid");
      // The container inherits what runc has: a file, never our pipes.
      const log = openSync(join(bundle, "log"), "a");
      try {
        await mustRun("runc", [...global, "run", "--detach", "--bundle", bundle, "--pid-file", pidFile, id], {
          logTo: log,
        });
      } catch (error) {
        const said = readFileSync(join(bundle, "log"), "utf8").trim().slice(-500);
        throw new Fault("SIMULATION_FAILED", `runc did not start the container: ${said}`, {}, error);
      } finally {
        closeSync(log);
      }
      return Number(readFileSync(pidFile, "utf8"));
    },
    exec: (id, args, options = {}) => runProgram("runc", [...global, "exec", id, ...args], options),
    async execDetached(id, args) {
      const log = openSync(join(folder.path, "exec.log"), "a");
      try {
        await mustRun("runc", [...global, "exec", "--detach", id, ...args], { logTo: log });
      } finally {
        closeSync(log);
      }
    },
    async remove(id) {
      await runProgram("runc", [...global, "delete", "--force", id]);
    },
    close: async () => {},
  };
}
