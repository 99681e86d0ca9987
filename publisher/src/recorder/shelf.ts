import { unlink } from "node:fs/promises";
import { join } from "node:path";
import { limits } from "../limits.ts";
import { RecordingFile } from "./recording-file.ts";

const fileName = /^(\d{1,15})(\.loud)?\.recorded$/;

/** A series of files, oldest first. */
export class Shelf {
  readonly files: RecordingFile[] = [];
  readonly #folder: string;
  readonly #suffix: string;
  #next = 0;

  constructor(folder: string, kind: "quiet" | "loud") {
    this.#folder = folder;
    this.#suffix = kind === "loud" ? ".loud.recorded" : ".recorded";
  }

  get bytes(): number {
    return this.files.reduce((sum, file) => sum + file.bytes, 0);
  }

  /** Takes over what an earlier process left, of the folder's names; what holds nothing readable goes. Throws what the disk throws. */
  async open(names: readonly string[]): Promise<void> {
    const own = names.filter((name) => fileName.test(name) && `${Number.parseInt(name, 10)}${this.#suffix}` === name);
    for (const number of own.map((name) => Number.parseInt(name, 10)).sort((a, b) => a - b)) {
      this.#next = number + 1;
      const file = await RecordingFile.found(this.#path(number));
      if (file !== undefined) this.files.push(file);
      else await unlink(this.#path(number));
    }
  }

  #path(number: number): string {
    return join(this.#folder, `${number}${this.#suffix}`);
  }

  /** The file that is written to now: the newest, or another one. */
  current(nowUs: number, bytesMax: number): RecordingFile {
    const last = this.files.at(-1);
    const isYoung = last !== undefined && nowUs - last.firstUs < limits.recorder.fileAgeMsMax * 1_000;
    if (last?.isUsable && last.bytes < bytesMax && isYoung) return last;
    return RecordingFile.made(this.#path(this.#next++), nowUs);
  }

  /** Removes the oldest file; gives how many events it held, undefined where there is none. */
  async removeOldest(): Promise<number | undefined> {
    const file = this.files.shift();
    await file?.remove();
    return file?.events;
  }
}
