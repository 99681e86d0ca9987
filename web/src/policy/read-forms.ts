import type { ZodType } from "zod";

/** What is wrong with a row of a policy: its place and name, empty where it is the policy's own; null where it has no name yet. */
export type FormIssue = { row: string; message: string | null };
export type ReadForms<Policy> = { ok: true; policy: Policy } | { ok: false; issues: FormIssue[] };

/** A policy of one list, as its schema reads it, or what is wrong with it by the rows of that list. */
export function readRows<Policy>(
  schema: ZodType<Policy>,
  list: string,
  rows: readonly { name: string }[],
): ReadForms<Policy> {
  const read = schema.safeParse({ [list]: rows });
  if (read.success) return { ok: true, policy: read.data };
  const issues = read.error.issues.map(({ path, message }) => {
    const at = typeof path[1] === "number" ? path[1] : undefined;
    const row = at === undefined ? "" : `${at + 1}${rows[at]?.name ? ` (${rows[at].name})` : ""}`;
    if (at !== undefined && path[2] === "name" && rows[at]?.name === "") return { row, message: null };
    return { row, message: `${path.slice(2).join(".")} ${message}`.trim() };
  });
  return { ok: false, issues };
}

/** What was read, to be compared; absent where something is wrong. */
export function textOf<Policy>(read: ReadForms<Policy>): string | undefined {
  return read.ok ? JSON.stringify(read.policy) : undefined;
}

let keys = 0;

/** Stays with a row wherever it is moved. */
export function newKey(): number {
  keys += 1;
  return keys;
}
