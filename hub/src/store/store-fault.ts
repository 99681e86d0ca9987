import { Fault } from "@atalaya/wire";
import { storeLimits } from "../core/limits.ts";

// SQLite's result codes that tell of the world, not of a bug: https://sqlite.org/rescode.html
const worldly = new Map<number, string>([
  [5, "is locked by another process"],
  [8, "is read-only"],
  [10, "reports an input/output error"],
  [11, "is damaged"],
  [13, "has no room left on its disk"],
  [14, "cannot be opened"],
  [26, "is not a database"],
]);
// A disk that takes nothing more, for whatever reason: SQLite tells a quota (EDQUOT) as an input/output error.
const full = new Set([8, 10, 13]);
const fullErrnos = new Set(["ENOSPC", "EDQUOT", "EIO", "EROFS"]);

/**
 * What happened when a write or a read failed because of the world: a Fault STORE_FULL (the disk takes nothing more) or
 * STORE_UNREACHABLE; undefined when the error is our bug.
 */
export function storeFault(error: unknown): Fault | undefined {
  if (error instanceof Fault) return error;
  const { errcode, code: errno } = error as { errcode?: unknown; code?: unknown };
  if (typeof errno === "string" && fullErrnos.has(errno))
    return fullFault(`cannot be written (${errno})`, errno, error);
  const code = typeof errcode === "number" ? errcode & 0xff : -1;
  const what = worldly.get(code);
  if (what === undefined) return undefined;
  if (full.has(code)) return fullFault(what, Number(errcode), error);
  return new Fault(
    "STORE_UNREACHABLE",
    `The database ${what}: nothing was acknowledged, and senders will try again. Repair it, or restore a backup.`,
    { sqlite: Number(errcode), retry_after_s: storeLimits.fullRetryAfterS },
    error,
  );
}

function fullFault(what: string, code: string | number, cause: unknown): Fault {
  return new Fault(
    "STORE_FULL",
    `The database ${what}: nothing was acknowledged, and senders will try again. Make room on the hub's disk.`,
    { cause: code, retry_after_s: storeLimits.fullRetryAfterS },
    cause,
  );
}
