import { lstatSync, readdirSync, readFileSync, readlinkSync } from "node:fs";
import { join } from "node:path";
import type { CpioEntry } from "./cpio.ts";

/** The files of a guest's root, gathered from many places; links to folders stay links. */
export class RootFiles {
  readonly #entries = new Map<string, CpioEntry>();

  folder(path: string): void {
    let at = "";
    for (const name of path.split("/").filter((one) => one !== "")) {
      at = at === "" ? name : `${at}/${name}`;
      if (!this.#entries.has(at)) this.#entries.set(at, { path: at, kind: "folder" });
    }
  }

  file(path: string, content: Buffer | string, executable = false): void {
    this.#parent(path);
    this.#entries.set(path, { path, kind: "file", content: Buffer.from(content), executable });
  }

  link(path: string, target: string): void {
    this.#parent(path);
    this.#entries.set(path, { path, kind: "link", target });
  }

  /** All that is in a folder of this machine, at `to`. */
  tree(from: string, to: string, wanted: (path: string) => boolean = () => true): void {
    for (const name of readdirSync(from)) {
      const source = join(from, name);
      const path = to === "" ? name : `${to}/${name}`;
      const status = lstatSync(source);
      if (status.isDirectory()) this.tree(source, this.#resolved(path), wanted);
      else if (!wanted(path)) continue;
      else if (status.isSymbolicLink()) this.link(this.#resolved(path), readlinkSync(source));
      else this.file(this.#resolved(path), readFileSync(source), (status.mode & 0o111) !== 0);
    }
  }

  /** Merged /usr: what packages still ship below /lib lies below /usr/lib. */
  #resolved(path: string): string {
    return path.replace(/^(s?bin|lib(?:64)?)(?=\/|$)/, "usr/$1");
  }

  #parent(path: string): void {
    const end = path.lastIndexOf("/");
    if (end > 0) this.folder(path.slice(0, end));
  }

  entries(): CpioEntry[] {
    return [...this.#entries.values()];
  }
}
