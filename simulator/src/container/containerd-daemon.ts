import { spawn } from "node:child_process";
import { closeSync, mkdirSync, openSync, readFileSync, writeFileSync } from "node:fs";
import { connect } from "node:net";
import { join } from "node:path";
import { Fault } from "@atalaya/wire";
import { limits } from "../limits.ts";
import { isAlive, processIdentity } from "../process-identity.ts";
import type { RunFolder } from "../run-folder.ts";
import { until } from "../until.ts";

const systemSocket = "/run/containerd/containerd.sock";

/** The socket of a containerd to use: this machine's when it runs one, else one of the run's own, started here. */
export async function containerdSocket(folder: RunFolder, signal?: AbortSignal): Promise<string> {
  const own = join(folder.path, "containerd.sock");
  const socket = (await answers(systemSocket)) ? systemSocket : own;
  // Noted before anything is started, so that a later run can clean up after a killed one.
  writeFileSync(join(folder.path, "containerd.socket"), socket);
  if (socket === own) await startContainerd(folder, own, signal);
  return socket;
}

/** The socket that a run used, which may have been killed since. */
export function notedSocket(folder: RunFolder): string | undefined {
  try {
    return readFileSync(join(folder.path, "containerd.socket"), "utf8");
  } catch {
    return undefined;
  }
}

/** Ends the run's own containerd, if it started one. */
export async function stopContainerd(folder: RunFolder): Promise<void> {
  const identity = notedDaemon(folder);
  if (identity === undefined || !isAlive(identity)) return;
  process.kill(identity.pid, "SIGTERM");
  try {
    await until("The end of containerd", () => !isAlive(identity), limits.programGraceMs);
  } catch {
    process.kill(identity.pid, "SIGKILL");
  }
}

async function startContainerd(folder: RunFolder, socket: string, signal?: AbortSignal): Promise<void> {
  const home = join(folder.path, "containerd");
  mkdirSync(home);
  const configuration = join(home, "config.toml");
  writeFileSync(configuration, configurationText(home, socket));
  const log = openSync(join(home, "log"), "a");
  const daemon = spawn("containerd", ["--config", configuration], { stdio: ["ignore", log, log], detached: true });
  closeSync(log);
  let failure = "";
  daemon.once("error", (cause) => {
    failure = cause.message;
  });
  daemon.unref();
  const identity = daemon.pid === undefined ? undefined : processIdentity(daemon.pid);
  if (identity !== undefined) writeFileSync(join(home, "daemon"), `${identity.pid} ${identity.start}`);
  const ready = async () => failure !== "" || (await answers(socket));
  await until("The start of containerd", ready, limits.containerdReadyMs, signal);
  if (failure !== "") throw new Fault("SIMULATION_FAILED", `containerd cannot be started (${failure})`);
}

function notedDaemon(folder: RunFolder) {
  try {
    const [pid, start] = readFileSync(join(folder.path, "containerd", "daemon"), "utf8").split(" ");
    return start === undefined ? undefined : { pid: Number(pid), start };
  } catch {
    return undefined;
  }
}

/** Whether somebody listens on the socket: containerd binds it when it is ready to serve. */
function answers(socket: string): Promise<boolean> {
  return new Promise((done) => {
    const connection = connect(socket);
    connection.once("connect", () => {
      connection.destroy();
      done(true);
    });
    connection.once("error", () => done(false));
  });
}

/** Only what starts containers: no CRI, no snapshotters beside the plain one. */
function configurationText(home: string, socket: string): string {
  const off = ["cri", "btrfs", "devmapper", "zfs", "aufs"].map(
    (name) => `"io.containerd.${name === "cri" ? "grpc" : "snapshotter"}.v1.${name}"`,
  );
  return `version = 2
root = "${join(home, "root")}"
state = "${join(home, "state")}"
disabled_plugins = [${off.join(", ")}]
[grpc]
  address = "${socket}"
[ttrpc]
  address = "${socket}.ttrpc"
`;
}
