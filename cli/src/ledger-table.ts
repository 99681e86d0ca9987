import type { LedgerRow, NodeLedger } from "@atalaya/wire";
import { paint, printable } from "./print.ts";

/** One node's account for people: a sentence, then a line for each hop and class. */
export function ledgerLines(ledger: NodeLedger): string[] {
  const head = ["hop", "class", "in", "out", "left out", "lost", "pending", "difference"];
  const rows = [head, ...ledger.rows.map(cells)];
  const widths = head.map((_, column) => Math.max(...rows.map((row) => row[column]?.length ?? 0)));
  const isNumber = (column: number) => [2, 3, 6, 7].includes(column);
  const line = (row: string[]) =>
    row.map((cell, i) => (isNumber(i) ? cell.padStart(widths[i] ?? 0) : cell.padEnd(widths[i] ?? 0))).join("  ");
  return [title(ledger), ...rows.map((row) => `  ${line(row)}`.trimEnd())];
}

/** Whether a node's account is a reason to look: events that nobody explains, or loss within the last minute. */
export function isWrong(ledger: NodeLedger): boolean {
  return (!ledger.balanced && ledger.moving !== true) || (ledger.lost_lately ?? 0) > 0;
}

function title(ledger: NodeLedger): string {
  const { submitted, committed, pending, lost, lost_lately = 0, unreported = 0 } = ledger;
  const name = ledger.node === "" ? "audit log" : printable(ledger.node);
  const facts = [`${submitted} let go by the kernel, ${committed} committed`];
  if (pending > 0) facts.push(`${pending} on their way`);
  if (lost > 0)
    facts.push(paint(`${lost} lost`, "33") + (lost_lately > 0 ? ` (${lost_lately} in the last minute)` : ""));
  if (unreported > 0) facts.push(`${unreported} of them with an epoch that ended without a last report`);
  if (unreported < 0) facts.push(`${-unreported} more than an epoch that ended without a last report knew of`);
  return `${name} (${printable(ledger.cluster)})  ${verdict(ledger)}: ${facts.join("; ")}`;
}

function verdict({ balanced, moving, difference }: NodeLedger): string {
  if (balanced) return paint("balanced", "32");
  if (moving === true) return `moving (${Math.abs(difference)} between reports)`;
  return paint(`does not balance (${difference})`, "31");
}

function cells(row: LedgerRow): string[] {
  const named = (list: LedgerRow["lost"]) =>
    list.map(({ reason, value }) => `${printable(reason)} ${value}`).join(", ");
  const numbers = [row.in, row.out].map(String);
  const what = [printable(row.hop), printable(row.class), ...numbers, named(row.left_out), named(row.lost)];
  return [...what, String(row.pending), String(row.difference)];
}
