import { spawnSync } from "node:child_process";

/**
 * Runs a script (a module's text) in a process that may write files of at most `kib` KiB: a write beyond it is cut short
 * first, and fails then, as on a disk that fills up. Gives what it printed; throws where it ended with an error.
 */
export function onFullDisk(kib: number, script: string): string {
  const node = [process.execPath, "--disable-warning=ExperimentalWarning", "--input-type=module", "-e", script];
  // The signal is ignored, so that the write itself fails (EFBIG).
  const shell = `trap '' XFSZ; ulimit -f ${kib * 2}; exec "$@"`;
  const { status, stdout, stderr } = spawnSync("/bin/sh", ["-c", shell, "sh", ...node], { encoding: "utf8" });
  if (status !== 0) throw new Error(`status ${status}: ${stderr}`);
  return stdout;
}
