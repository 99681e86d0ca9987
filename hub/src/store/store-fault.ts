import { Fault } from "@atalaya/wire";

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

/** A Fault STORE_UNREACHABLE when SQLite failed because of the world; undefined when the error is our bug. */
export function storeFault(error: unknown): Fault | undefined {
  if (error instanceof Fault) return error;
  const code = (error as { errcode?: unknown }).errcode;
  const what = typeof code === "number" ? worldly.get(code & 0xff) : undefined;
  if (what === undefined) return undefined;
  return new Fault(
    "STORE_UNREACHABLE",
    `The database ${what}: nothing was acknowledged, and senders will try again. Make room or repair it.`,
    { sqlite: Number(code) },
    error,
  );
}
