import { appendFileSync, mkdirSync, renameSync, statSync } from "node:fs";
import { join } from "node:path";
import { serverLimits } from "../server/limits.ts";

/** Appends lines to files in one folder, mode 0600; a file that is full becomes NAME.1, and the one before goes. */
export class LineFile {
  readonly #folder: string;

  constructor(folder: string) {
    this.#folder = folder;
  }

  /** Throws what the file system throws. `name` is a plain name, checked where it was set. */
  append(name: string, line: string): void {
    mkdirSync(this.#folder, { recursive: true, mode: 0o700 });
    const path = join(this.#folder, name);
    const bytes = statSync(path, { throwIfNoEntry: false })?.size ?? 0;
    if (bytes + line.length > serverLimits.notificationFileBytesMax) renameSync(path, `${path}.1`);
    appendFileSync(path, `${line}\n`, { mode: 0o600 });
  }
}
