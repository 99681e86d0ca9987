import { auditLimits } from "../limits.ts";
import { type FilePrint, firstLinePrint } from "./file-print.ts";
import { beginsWith } from "./known-file.ts";
import type { OpenFile } from "./rotated-files.ts";

type Numbers = Pick<OpenFile, "device" | "inode">;
type Waiting = Numbers & { print: FilePrint };

const numberOf = ({ device, inode }: Numbers): string => `${device}:${inode}`;

/** Rotated files that wait to be read: each is known by its number and its first line, so that each counts for itself. */
export class WaitingFiles {
  readonly #files = new Map<string, Waiting>();

  /** A file that waits; known already, or new. */
  notice(file: OpenFile): void {
    if (this.#files.size >= auditLimits.rotatedFilesMax) return;
    const print = firstLinePrint(file.file);
    if (print === undefined) return;
    const { device, inode } = file;
    this.#files.set(keyOf({ device, inode, print }), { device, inode, print });
  }

  /** It waits no longer: it is read. */
  begun(file: OpenFile): void {
    for (const [key, one] of this.#files)
      if (numberOf(one) === numberOf(file) && beginsWith(file, one.print)) this.#files.delete(key);
  }

  /** It was compressed, and is not read any more. */
  compressed({ bytes, hash }: FilePrint): void {
    for (const [key, { print }] of this.#files)
      if (print.bytes === bytes && print.hash === hash) this.#files.delete(key);
  }

  /** How many are not among those that are there any more; each is told of once. */
  takeGone(present: readonly OpenFile[]): number {
    let gone = 0;
    const taken = new Set([...this.#files.values()].map(numberOf));
    for (const [key, one] of [...this.#files]) {
      if (present.some((file) => numberOf(file) === numberOf(one) && beginsWith(file, one.print))) continue;
      this.#files.delete(key);
      // Copied to another number, and taken away: it waits there.
      const copy = present.find((file) => !taken.has(numberOf(file)) && beginsWith(file, one.print));
      if (copy === undefined) gone += 1;
      else {
        const { device, inode } = copy;
        taken.add(numberOf(copy));
        this.#files.set(keyOf({ device, inode, print: one.print }), { device, inode, print: one.print });
      }
    }
    return gone;
  }
}

function keyOf(one: Waiting): string {
  return `${numberOf(one)}:${one.print.bytes}:${one.print.hash}`;
}
