import {
  appendFileSync,
  copyFileSync,
  mkdtempSync,
  readFileSync,
  renameSync,
  rmSync,
  truncateSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { TestContext } from "node:test";
import { gzipSync } from "node:zlib";
import type { LogPlace } from "../../src/file/log-place.ts";
import type { LogTail } from "../../src/file/log-tail.ts";

let files = 0;

/** A log as an API server writes it (lumberjack: renamed with the time, a new file in its place), or logrotate. */
export class Log {
  readonly folder = mkdtempSync(join(tmpdir(), "atalaya-tail-"));
  readonly path = join(this.folder, "audit.log");
  #rotations = 0;

  constructor(t?: TestContext) {
    t?.after(() => this.remove());
  }

  remove(): void {
    rmSync(this.folder, { recursive: true, force: true });
  }

  append(...lines: string[]): void {
    appendFileSync(this.path, lines.map((line) => `${line}\n`).join(""));
  }

  /** Gives the rotated file. Its time can be any: clocks jump. */
  rename(second = ++this.#rotations): string {
    const to = join(
      this.folder,
      `audit-${new Date(1_750_000_000_000 + second * 1_000).toISOString().slice(0, -1).replaceAll(":", "-")}.log`,
    );
    renameSync(this.path, to);
    utimesSync(to, 1_750_000_000 + second, 1_750_000_000 + second);
    writeFileSync(this.path, "", { flag: "wx" });
    return to;
  }

  /** As the API server and logrotate do: into a file beside it, and what was compressed is taken away. */
  compress(path: string): string {
    writeFileSync(`${path}.gz`, gzipSync(readFileSync(path)));
    rmSync(path);
    return `${path}.gz`;
  }

  copyTruncate(): void {
    const second = ++this.#rotations;
    const to = join(this.folder, `audit.log.${second}`);
    copyFileSync(this.path, to);
    utimesSync(to, 1_750_000_000 + second, 1_750_000_000 + second);
    truncateSync(this.path);
  }
}

/** As of an audit log: what a client fills is alike, and the times behind it never are. */
const filled = "c".repeat(2_048);
export const line = (n: number, length = 0): string =>
  `${filled}${"x".repeat(length)} ${n} ${String(++files).padStart(6, "0")}`;

/** Reads until nothing more comes; gives what stood in the lines. */
export function readAll(tail: LogTail): {
  lines: string[];
  positions: number[];
  gone: number;
  halves: number;
  tooLong: number;
} {
  const out = { lines: [] as string[], positions: [] as number[], gone: 0, halves: 0, tooLong: 0 };
  for (let quiet = 0; quiet < 3; ) {
    const read = tail.read();
    out.gone += read.gone;
    for (const one of read.lines) {
      out.positions.push(one.position);
      if ("tooLong" in one) out.tooLong += 1;
      else if (one.isWhole) out.lines.push(one.line.toString());
      else out.halves += 1;
    }
    quiet = read.lines.length === 0 && !read.more ? quiet + 1 : 0;
  }
  return out;
}

export const keep = (tail: LogTail): LogPlace => JSON.parse(JSON.stringify(tail.place)) as LogPlace;
