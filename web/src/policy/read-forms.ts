import type { ZodType } from "zod";
import { type CodedIssue, codeOf } from "./issue-code.ts";
import { repeatedKeys, type ScopeText } from "./scope-text.ts";

/**
 * What is wrong with a row of a policy: its place and name, empty where it is the policy's own; and what the schema says of
 * which field (`field`: its name, and within it the key of a label or the place of a pattern), or what is known before
 * it is asked: that there is no name yet, or which label's key stands in several lines.
 */
export type FormIssue = { row: string } & (SchemaIssue | { lacks: "name" } | { repeats: string });
/** `message`: the schema's own words, English, for an issue without a code. */
export type SchemaIssue = { field: readonly (string | number)[]; coded: CodedIssue | undefined; message: string };
export type ReadForms<Policy> = { ok: true; policy: Policy } | { ok: false; issues: FormIssue[] };

/** A policy of one list, as its schema reads it, or what is wrong with it by the rows of that list; `forms` are the rows as typed. */
export function readRows<Policy>(
  schema: ZodType<Policy>,
  list: string,
  rows: readonly { name: string }[],
  forms: readonly { scope: ScopeText }[],
): ReadForms<Policy> {
  const rowAt = (at: number) => `${at + 1}${rows[at]?.name ? ` (${rows[at].name})` : ""}`;
  const repeated = forms.flatMap(({ scope }, at) =>
    repeatedKeys(scope).map((key) => ({ row: rowAt(at), repeats: key })),
  );
  const read = schema.safeParse({ [list]: rows });
  if (read.success) return repeated.length === 0 ? { ok: true, policy: read.data } : { ok: false, issues: repeated };
  const issues = read.error.issues.map((issue): FormIssue => {
    const { path, message } = issue;
    const at = typeof path[1] === "number" ? path[1] : undefined;
    const row = at === undefined ? "" : rowAt(at);
    if (at !== undefined && path[2] === "name" && rows[at]?.name === "") return { row, lacks: "name" };
    const field = path.slice(2).map((part) => (typeof part === "number" ? part : String(part)));
    return { row, field, coded: codeOf(issue), message };
  });
  return { ok: false, issues: [...issues, ...repeated] };
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
