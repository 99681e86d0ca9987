import { spawn } from "node:child_process";
import { Fault } from "@atalaya/wire";

/**
 * Holds an exclusive lock on the file `path` until the returned function is called or this process ends, however it ends:
 * flock(1) keeps the lock as long as `cat` under it has our pipe to read from.
 */
export async function lockFile(path: string, signal?: AbortSignal): Promise<() => Promise<void>> {
  const holder = spawn("flock", ["--exclusive", path, "cat"], { stdio: ["pipe", "pipe", "ignore"] });
  const ended = new Promise<void>((done) => holder.once("close", () => done()));
  const release = async () => {
    holder.stdin.end();
    await ended;
  };
  await new Promise<void>((locked, failed) => {
    const aborted = () => {
      holder.kill();
      failed(signal?.reason);
    };
    signal?.addEventListener("abort", aborted, { once: true });
    holder.once("error", (cause) =>
      failed(new Fault("SIMULATION_FAILED", "flock cannot be started; install util-linux", {}, cause)),
    );
    holder.once("exit", () => failed(new Fault("SIMULATION_FAILED", `${path} cannot be locked`, { path })));
    holder.stdin.on("error", () => {});
    // The answer of `cat` says that flock has started it, so the lock is ours.
    holder.stdout.once("data", () => {
      signal?.removeEventListener("abort", aborted);
      locked();
    });
    holder.stdin.write("locked\n");
  });
  return release;
}
