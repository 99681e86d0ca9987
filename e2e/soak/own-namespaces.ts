import { spawn } from "node:child_process";
import { fileURLToPath } from "node:url";

const mark = "ATALAYA_SOAK_INSIDE";

/** True in the process that `runInside` started. */
export function isInside(): boolean {
  return process.env[mark] === "1";
}

/**
 * Runs this command again in a network and a mount namespace of its own and gives its exit status: the machine's
 * network is never touched, and disks, pins and links that a killed run leaves behind go with its last process.
 */
export function runInside(file: string, args: readonly string[]): Promise<number> {
  const command = [process.execPath, "--disable-warning=ExperimentalWarning", fileURLToPath(file), ...args];
  const child = spawn("unshare", ["--net", "--mount", ...command], {
    stdio: "inherit",
    env: { ...process.env, [mark]: "1" },
  });
  for (const signal of ["SIGINT", "SIGTERM"] as const) process.on(signal, () => child.kill(signal));
  return new Promise((resolve, reject) => {
    child.once("error", reject);
    child.once("exit", (code, signal) => resolve(signal === null ? (code ?? 1) : 1));
  });
}
