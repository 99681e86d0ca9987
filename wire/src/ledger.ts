import { z } from "zod";

// The ledger: on every hop, and for every class, what came in is what went out, what was left out on purpose, what was
// lost by a named reason, and what is still on its way. Each part counts in its own words (a counter is a class, a
// reason and a value that only grows, but for `pending`); this table says on which side of the account a reason stands.

export const ledgerHops = ["kernel", "collector", "publisher", "hub"] as const;
export type LedgerHop = (typeof ledgerHops)[number];

type Side = "in" | "out" | "left_out" | "lost" | "pending" | "note";

/** By hop: reason -> side. A reason that is not here is a loss: what nobody explained must be seen. */
export const ledgerReasons: Record<LedgerHop, Readonly<Record<string, Side>>> = {
  // Counted by the BPF programs, by kind of record.
  kernel: {
    attempted: "in",
    submitted: "out",
    filtered: "left_out",
    ring_full: "lost",
    scratch_busy: "lost",
    /** Nobody had read for 60 s. */
    unread: "lost",
    throttled: "lost",
    /** A path or an argument could not be read; the record went out with a gap. */
    read_fault: "note",
  },
  // Counted by the collector when the publisher has the frame on disk, by kind of record.
  collector: {
    submitted: "in",
    handed_on: "out",
    /** A record that is no event by itself: a control group was made, a namespace changed. */
    absorbed: "left_out",
    /** Seen twice while two sets of programs overlapped. */
    deduplicated: "left_out",
    undecodable: "lost",
    unencodable: "lost",
    /** In the ring of an earlier layout that this version cannot read. */
    layout_changed: "lost",
    /** Drained and not yet on the publisher's disk, or still in the ring. */
    pending: "pending",
    // Figures beside the account.
    redacted: "note",
    table_evicted: "note",
    account_unreadable: "note",
    state_refused: "note",
    state_unreadable: "note",
    state_unkept: "note",
  },
  // Counted by the publisher, by class of event.
  publisher: {
    received: "in",
    delivered: "out",
    /** Frames that it had before. */
    deduplicated: "left_out",
    /** The oldest, given up because the spool is at its limit (size or age) or the disk is full. */
    given_up: "lost",
    /** The hub refused them for good. */
    refused: "lost",
    /** Cut off with a torn or corrupt piece of the spool. */
    corrupt: "lost",
    pending: "pending",
  },
  // Counted by the hub in the transaction that commits, by class of event.
  hub: {
    received: "in",
    committed: "out",
    duplicate: "left_out",
    pending: "pending",
    kept: "note",
    matched: "note",
    evaluation_error: "note",
    report_malformed: "note",
  },
};

/** Kinds of kernel records by the class of the event that they become. */
export const classOfRecordKind: Readonly<Record<string, string>> = {
  exec: "process",
  exec_failed: "process",
  fork: "process",
  exit: "process",
  namespace: "process",
  cgroup_mkdir: "process",
  lifecycle: "process",
  open: "file",
  open_failed: "file",
  connect: "network",
  send: "network",
  bulk: "file",
};

export const ledgerCounterSchema = z.object({
  class: z.string().max(32),
  reason: z.string().max(48),
  value: z.number().nonnegative(),
});
export type LedgerCounter = z.infer<typeof ledgerCounterSchema>;

export const ledgerRowSchema = z.object({
  hop: z.enum(ledgerHops),
  class: z.string(),
  in: z.number(),
  out: z.number(),
  pending: z.number(),
  left_out: z.array(z.object({ reason: z.string(), value: z.number() })),
  lost: z.array(z.object({ reason: z.string(), value: z.number() })),
  /** in - out - left out - lost - pending: 0 when the account balances. */
  difference: z.number(),
});
export type LedgerRow = z.infer<typeof ledgerRowSchema>;

/** One node's account. `difference` is from the kernel's `submitted` to the hub's `committed`. */
export const nodeLedgerSchema = z.object({
  cluster: z.string(),
  node: z.string(),
  rows: z.array(ledgerRowSchema),
  lost: z.number(),
  pending: z.number(),
  difference: z.number(),
  balanced: z.boolean(),
  /** What the kernel let go since the hub knows the node, and what the hub committed of it. */
  submitted: z.number(),
  committed: z.number(),
  reported_us: z.number(),
});
export type NodeLedger = z.infer<typeof nodeLedgerSchema>;

export const ledgerPageSchema = z.object({ nodes: z.array(nodeLedgerSchema), next: z.string().nullable() });
export type LedgerPage = z.infer<typeof ledgerPageSchema>;

/** The counters of one hop as rows, one a class; kinds of records are summed under the class that they become. */
export function ledgerRows(hop: LedgerHop, counters: readonly LedgerCounter[]): LedgerRow[] {
  const rows = new Map<string, LedgerRow>();
  for (const { class: kind, reason, value } of counters) {
    const name = classOfRecordKind[kind] ?? kind;
    const side = ledgerReasons[hop][reason] ?? "lost";
    if (side === "note") continue;
    let row = rows.get(name);
    if (row === undefined) {
      row = { hop, class: name, in: 0, out: 0, pending: 0, left_out: [], lost: [], difference: 0 };
      rows.set(name, row);
    }
    if (side === "in" || side === "out" || side === "pending") row[side] += value;
    else if (value > 0) addTo(row[side], reason, value);
  }
  for (const row of rows.values()) {
    row.difference = row.in - row.out - row.pending - sum(row.left_out) - sum(row.lost);
  }
  return [...rows.values()].sort((a, b) => (a.class < b.class ? -1 : 1));
}

/** A node's whole account, from what each hop counted. The sensor's own reports are shown, and kept out of the total. */
export function nodeLedger(
  of: { cluster: string; node: string; reportedUs: number },
  counters: Readonly<Record<LedgerHop, readonly LedgerCounter[]>>,
): NodeLedger {
  const rows = ledgerHops.flatMap((hop) => ledgerRows(hop, counters[hop]));
  const counted = rows.filter((row) => row.class in classNumbersOfRecords);
  const of_ = (hop: LedgerHop) => counted.filter((row) => row.hop === hop);
  const total = (hop: LedgerHop, pick: (row: LedgerRow) => number) => of_(hop).reduce((n, row) => n + pick(row), 0);
  const submitted = total("kernel", (row) => row.out);
  const committed = total("hub", (row) => row.out);
  const lostBehind = total("collector", (row) => sum(row.lost)) + total("publisher", (row) => sum(row.lost));
  const absorbed = total("collector", (row) => sum(row.left_out));
  const pending = total("collector", (row) => row.pending) + total("publisher", (row) => row.pending);
  const difference = submitted - committed - lostBehind - absorbed - pending;
  const balanced = difference === 0 && counted.every((row) => row.hop === "collector" || row.difference === 0);
  const lost = lostBehind + total("kernel", (row) => sum(row.lost));
  const { cluster, node, reportedUs: reported_us } = of;
  return { cluster, node, rows, lost, pending, difference, balanced, submitted, committed, reported_us };
}

const classNumbersOfRecords: Readonly<Record<string, true>> = { process: true, file: true, network: true };

function addTo(list: { reason: string; value: number }[], reason: string, value: number): void {
  const known = list.find((one) => one.reason === reason);
  if (known === undefined) list.push({ reason, value });
  else known.value += value;
}

function sum(list: readonly { value: number }[]): number {
  return list.reduce((n, { value }) => n + value, 0);
}
