import { randomBytes } from "node:crypto";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import type { RunFolder } from "../run-folder.ts";
import { mustRun, runProgram } from "../run-program.ts";
import { containerdSocket, stopContainerd } from "./containerd-daemon.ts";
import type { ContainerRuntime } from "./runtime.ts";

/** The containerd namespace of all simulations. */
const namespace = "atalaya-sim";

/** Containers of `ctr`, on this machine's containerd or on one of the run's own. */
export async function containerdRuntime(folder: RunFolder, signal?: AbortSignal): Promise<ContainerRuntime> {
  return runtimeOn(await containerdSocket(folder, signal), folder);
}

/** The runtime on a known socket, also of a run that was killed. */
export function runtimeOn(socket: string, folder: RunFolder): ContainerRuntime {
  const global = ["--address", socket, "--namespace", namespace];
  const execId = () => `exec-${randomBytes(6).toString("hex")}`;
  return {
    name: "containerd",
    async start(id, bundle) {
      const pidFile = join(bundle, "pid");
      const what = ["--detach", "--null-io", "--config", join(bundle, "config.json"), "--pid-file", pidFile, id];
      await mustRun("ctr", [...global, "run", ...what]);
      return Number(readFileSync(pidFile, "utf8"));
    },
    exec: (id, args, options = {}) => {
      return runProgram("ctr", [...global, "tasks", "exec", "--exec-id", execId(), id, ...args], options);
    },
    async execDetached(id, args) {
      await mustRun("ctr", [...global, "tasks", "exec", "--detach", "--exec-id", execId(), id, ...args]);
    },
    async remove(id) {
      await runProgram("ctr", [...global, "tasks", "delete", "--force", id]);
      await runProgram("ctr", [...global, "containers", "delete", id]);
    },
    close: () => stopContainerd(folder),
  };
}
