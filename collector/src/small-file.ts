import { closeSync, constants, fstatSync, openSync, readSync } from "node:fs";

/** What reading a file gave: its text, owner and mode, or why not. "missing" is worth another try. */
export type SmallFile = { text: string; uid: number; mode: number } | { problem: "missing" | "refused" };

/**
 * Reads a regular file of at most `bytesMax`; never follows a link in the last component (unless told to, where the path
 * is an administrator's: Kubernetes mounts files as links), never waits at a pipe.
 * Files of /proc report size 0, so the bound is kept while reading.
 */
export function readSmallFile(path: string, bytesMax: number, links: "refused" | "followed" = "refused"): SmallFile {
  let handle: number | undefined;
  try {
    const follow = links === "followed" ? 0 : constants.O_NOFOLLOW;
    handle = openSync(path, constants.O_RDONLY | follow | constants.O_NONBLOCK | constants.O_NOCTTY);
    const facts = fstatSync(handle);
    if (!facts.isFile() || facts.size > bytesMax) return { problem: "refused" };
    const bytes = Buffer.allocUnsafe((facts.size === 0 ? bytesMax : facts.size) + 1);
    let length = 0;
    for (;;) {
      const got = readSync(handle, bytes, length, bytes.length - length, null);
      length += got;
      if (length > bytesMax) return { problem: "refused" };
      if (got === 0 || length === bytes.length) {
        return { text: bytes.toString("utf8", 0, length), uid: facts.uid, mode: facts.mode };
      }
    }
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code;
    return { problem: code === "ENOENT" || code === "ESRCH" || code === "ENOTDIR" ? "missing" : "refused" };
  } finally {
    if (handle !== undefined) closeSync(handle);
  }
}

/** JSON of a small file; undefined where it is absent, too large, or not JSON (half written: try again). */
export function readSmallJson(path: string, bytesMax: number): unknown {
  const file = readSmallFile(path, bytesMax);
  if ("problem" in file) return undefined;
  try {
    return JSON.parse(file.text);
  } catch {
    return undefined;
  }
}

/** The value at a path of own keys in parsed JSON; undefined where a step is missing or not an object. */
export function at(value: unknown, ...keys: string[]): unknown {
  let here = value;
  for (const key of keys) {
    if (typeof here !== "object" || here === null || !Object.hasOwn(here, key)) return undefined;
    here = (here as Record<string, unknown>)[key];
  }
  return here;
}

/** The string at a path of own keys, cut to 1,024 characters; null where there is none. */
export function textAt(value: unknown, ...keys: string[]): string | null {
  const found = at(value, ...keys);
  return typeof found === "string" && found !== "" ? found.slice(0, 1_024) : null;
}

/** What a terminal or a page would act on: control characters, line ends, and marks that turn the direction of writing. */
const acting = /[\p{Cc}\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069]/gu;

/** A name that people read: what would act on their screen, and half characters, become U+FFFD. */
export function shown(name: string): string {
  return name.replaceAll(acting, "\ufffd").toWellFormed();
}

/** As textAt, for a name that people read. */
export function nameAt(value: unknown, ...keys: string[]): string | null {
  const name = textAt(value, ...keys);
  return name === null ? null : shown(name);
}
