import { randomBytes } from "node:crypto";
import { mkdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { type RunFolder, removeFolder } from "../run-folder.ts";
import { mustRun, runProgram } from "../run-program.ts";
import { containerdSocket, stopContainerd } from "./containerd-daemon.ts";
import type { ContainerRuntime } from "./runtime.ts";

/** The containerd namespace of all simulations. */
const namespace = "atalaya-sim";

/** What containerd and its shims make at fixed places, whatever they are configured to; in use, they are not empty. */
const leftovers = [
  "/run/containerd/fifo",
  "/run/containerd/s",
  `/run/containerd/runc/${namespace}`,
  "/run/containerd/runc",
  "/run/containerd",
];

/** Containers of `ctr`, on this machine's containerd or on one of the run's own. */
export async function containerdRuntime(folder: RunFolder, signal?: AbortSignal): Promise<ContainerRuntime> {
  return runtimeOn(await containerdSocket(folder, signal), folder);
}

/** The runtime on a known socket, also of a run that was killed. */
export function runtimeOn(socket: string, folder: RunFolder): ContainerRuntime {
  const fifos = join(folder.path, "fifo");
  mkdirSync(fifos, { recursive: true });
  const global = ["--address", socket, "--namespace", namespace];
  // The pipes of programs that outlive ctr are the run's, so that they go with it.
  const exec = () => ["--exec-id", `exec-${randomBytes(6).toString("hex")}`, "--fifo-dir", fifos];
  return {
    name: "containerd",
    async start(id, bundle) {
      const pidFile = join(bundle, "pid");
      const what = ["--detach", "--null-io", "--config", join(bundle, "config.json"), "--pid-file", pidFile, id];
      await mustRun("ctr", [...global, "run", ...what]);
      return Number(readFileSync(pidFile, "utf8"));
    },
    exec: (id, args, options = {}) => {
      return runProgram("ctr", [...global, "tasks", "exec", ...exec(), id, ...args], options);
    },
    async execDetached(id, args) {
      await mustRun("ctr", [...global, "tasks", "exec", "--detach", ...exec(), id, ...args]);
    },
    async remove(id) {
      await runProgram("ctr", [...global, "tasks", "delete", "--force", id]);
      await runProgram("ctr", [...global, "containers", "delete", id]);
    },
    async close() {
      await stopContainerd(folder);
      for (const leftover of leftovers) removeFolder(leftover);
    },
  };
}
