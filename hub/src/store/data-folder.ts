import { closeSync, mkdirSync, openSync, rmSync } from "node:fs";
import { join } from "node:path";
import { Fault } from "@atalaya/wire";

/** Makes the hub's folder (mode 0700) and proves that it can be written. Throws Fault DATA_UNWRITABLE. */
export function prepareDataFolder(folder: string): void {
  const probe = join(folder, ".write-probe");
  try {
    mkdirSync(folder, { recursive: true, mode: 0o700 });
    closeSync(openSync(probe, "w", 0o600));
    rmSync(probe, { force: true });
  } catch (cause) {
    const code = (cause as NodeJS.ErrnoException).code ?? "unknown";
    throw new Fault(
      "DATA_UNWRITABLE",
      `The data folder ${folder} cannot be written (${code}): give another one with --data, or make this one writable for the hub's user.`,
      { folder, code },
      cause,
    );
  }
}
