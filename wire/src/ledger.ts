import * as z from "zod";

// The ledger: on every hop, and for every class, what came in is what went out, what was left out on purpose, what was
// lost by a named reason, and what is still on its way. Each part counts in its own words (a counter is a class, a
// reason and a value that only grows, but for `pending`); this table says on which side of the account a reason stands.

export const ledgerHops = ["kernel", "collector", "publisher", "hub"] as const;
export type LedgerHop = (typeof ledgerHops)[number];

export type LedgerSide = "in" | "out" | "left_out" | "lost" | "pending" | "note";

// Classes of the account beside those of events:
//   made   what the hub itself made (a test alert, news of a sensor)
// What a scan at a collector's start finds is no event: it only fills the collector's table of processes.
// Audit records and reports of sensors are counted under `api` and `sensor`. None of these is part of a node's total,
// which is about what the kernel let go: process, file, network and DNS.

/** By hop: reason -> side. A reason that is not here is a loss: what nobody explained must be seen. */
export const ledgerReasons = {
  // Counted by the BPF programs, by kind of record.
  kernel: {
    attempted: "in",
    submitted: "out",
    filtered: "left_out",
    /** A question to a name server that the same process had asked a moment before (the collector's own word for twins is `deduplicated`). */
    repeated: "left_out",
    /** Only the flight recorder asked for it, and its container had said too much: no rule misses it. */
    unrecorded: "left_out",
    ring_full: "lost",
    scratch_busy: "lost",
    /** The kernel left the program out, which was at work on that processor already: what it would have said, if anything, is not known. */
    missed: "lost",
    /** Nobody had read for 60 s. */
    unread: "lost",
    /** Its control group had used up its budget of that kind (collector/bpf/budget.h). */
    throttled: "lost",
    /** A path or an argument could not be read; the record went out with a gap. */
    read_fault: "note",
  },
  // Counted by the collector when the publisher has the frame on disk, by kind of record.
  collector: {
    submitted: "in",
    /** Records of the audit log. */
    read: "in",
    handed_on: "out",
    /** No rule asked for it: it went to the flight recorder alone. */
    recorded: "left_out",
    /** A record that is no event by itself: a control group was made, a namespace changed. */
    absorbed: "left_out",
    /** Seen twice while two sets of programs overlapped. */
    deduplicated: "left_out",
    /** An early stage of a request to an API server, of which a later record says more. */
    stage_skipped: "left_out",
    /** A line of the audit log whose rest never came: the API server was ended. */
    torn: "lost",
    /** A record of the audit log that is too large even without its bodies. */
    too_large: "lost",
    /**
     * A file of the audit log that was gone before it was read: one stands for all records that were in it, and
     * files that came and went while nobody looked are not among them.
     */
    vanished: "lost",
    undecodable: "lost",
    unencodable: "lost",
    /** In the ring of an earlier layout that this version cannot read. */
    layout_changed: "lost",
    /** Drained and not yet on the publisher's disk, or still in the ring. */
    pending: "pending",
    // Figures beside the account.
    /** Of the audit records that were handed on: something that a client made too long or too heavy is not in them. */
    cut: "note",
    redacted: "note",
    table_evicted: "note",
    /** Processes that were put right after records of their lives were lost. */
    table_healed: "note",
    /** Those that run could not be read after such a loss: it is tried again. */
    table_unhealed: "note",
    account_unreadable: "note",
    state_refused: "note",
    state_unreadable: "note",
    state_unkept: "note",
    /** What a state said of the flight recorder, or of the labels of pods, and this version cannot read: it says nothing. */
    recorder_not_understood: "note",
    labels_not_understood: "note",
    audit_log_failed: "note",
    heartbeat_failed: "note",
    /** Frames for the flight recorder that the publisher did not take in time (docs/flight-recorder.md). */
    recorder_unsent: "note",
    /** A container that is recorded, and the kernel has no room for one more: of it only what rules ask for is. */
    recorder_full: "note",
    /** Names of addresses that were forgotten before their time: an address had too many, or too many were looked up in a pod, or on the node. */
    names_forgotten: "note",
    /** Who may have left a container was not remembered: what the host does is sent from now on as if rules asked for it (docs/decisions/0033). */
    strays_lost: "note",
    /** Where a program came from could not be decided by its content: it counts as brought (docs/decisions/0019). */
    image_copy_gone: "note",
    image_copy_unread: "note",
    image_copy_over_budget: "note",
    /** A script was executed by its name, and so many were in this second that it was not looked for: its origin is unknown. */
    script_over_budget: "note",
    /** Programs that did not come with the image: ended before their first instruction, or on trial (docs/drift.md). */
    exec_blocked: "note",
    exec_would_block: "note",
    /** The node's file about blocking was there and was not followed. */
    enforce_refused: "note",
    /** A container in which programs should be blocked, and the kernel has no room for one more. */
    enforce_full: "note",
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
    /** Waited in a spool that is no more. */
    unreported: "lost",
    pending: "pending",
  },
  // Counted by the hub in the transaction that commits, by class of event.
  hub: {
    received: "in",
    committed: "out",
    duplicate: "left_out",
    /** Audit records of a webhook that are none, or are too large even without their bodies. */
    undecodable: "lost",
    too_large: "lost",
    pending: "pending",
    kept: "note",
    matched: "note",
    /** As the collector's, of the records that a webhook sent. */
    cut: "note",
    evaluation_error: "note",
    /** Matches that a drift policy let pass. */
    drift_ignored: "note",
    report_malformed: "note",
    /** The publisher delivered them to a hub whose data this one does not have (another hub, or before a restore). */
    elsewhere: "note",
  },
} as const satisfies Record<LedgerHop, Readonly<Record<string, LedgerSide>>>;

/** What a collector may count: a word that the account does not know would be a loss. */
export type CollectorReason = keyof (typeof ledgerReasons)["collector"];

/** Losses of which one stands for many events: how many is not known. */
export const lossesOfMany: ReadonlySet<string> = new Set(["vanished"]);

/** A sensor's counters by the hop that they belong to; `submitted` is the kernel's way out and the collector's way in. */
export function countersOfReport(counters: readonly LedgerCounter[]): Record<"kernel" | "collector", LedgerCounter[]> {
  const kernel: LedgerCounter[] = [];
  const collector: LedgerCounter[] = [];
  for (const counter of counters) {
    const ofKernel = Object.hasOwn(ledgerReasons.kernel, counter.reason);
    if (ofKernel) kernel.push(counter);
    if (!ofKernel || Object.hasOwn(ledgerReasons.collector, counter.reason)) collector.push(counter);
  }
  return { kernel, collector };
}

/** Kinds of kernel records by the class of the event that they become. */
export const classOfRecordKind: Readonly<Record<string, string>> = {
  exec: "process",
  exec_failed: "process",
  fork: "process",
  exit: "process",
  namespace: "process",
  cgroup_mkdir: "process",
  cgroup_move: "process",
  exec_env: "process",
  lifecycle: "process",
  open: "file",
  open_failed: "file",
  map: "file",
  connect: "network",
  send: "network",
  dns_query: "dns",
  dns_answer: "dns",
  call: "kernel",
  change: "file",
  dup: "network",
  bind: "network",
  listen: "network",
  accept: "network",
  socket: "network",
  unix_connect: "network",
  connect_failed: "network",
  receive: "network",
  sensor_signal: "kernel",
  sensor_bpf: "kernel",
  bulk: "file",
};

export const ledgerCounterSchema = z.object({
  class: z.string().max(32),
  reason: z.string().max(48),
  /** Bounded: sums of many must stay numbers. */
  value: z.number().nonnegative().max(Number.MAX_SAFE_INTEGER),
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
  /**
   * Epochs that ended without a last report (the node was rebooted, its programs were unloaded): of the events that
   * their last reports told of, so many never arrived; negative when more arrived than those reports knew of. Not part
   * of `difference`, which is about what can be known; a positive one is part of `lost`.
   */
  unreported: z.number().optional(),
  /** Lost by name within the last minute. */
  lost_lately: z.number().optional(),
  /** Events passed since the reports that this account is made of, at least as many as the difference. */
  moving: z.boolean().optional(),
});
export type NodeLedger = z.infer<typeof nodeLedgerSchema>;

export const ledgerPageSchema = z.object({ nodes: z.array(nodeLedgerSchema), next: z.string().nullable() });
export type LedgerPage = z.infer<typeof ledgerPageSchema>;

/** On which side of a hop's account a reason stands. Reasons come from outside: only our own names are looked up. */
export function sideOf(hop: LedgerHop, reason: string): LedgerSide {
  const reasons: Readonly<Record<string, LedgerSide>> = ledgerReasons[hop];
  return (Object.hasOwn(reasons, reason) ? reasons[reason] : undefined) ?? "lost";
}

/** The class of the event that a kind of record becomes; a class is its own. */
export function classOfKind(kind: string): string {
  return (Object.hasOwn(classOfRecordKind, kind) ? classOfRecordKind[kind] : undefined) ?? kind;
}

/** The counters of one hop as rows, one a class; kinds of records are summed under the class that they become. */
export function ledgerRows(hop: LedgerHop, counters: readonly LedgerCounter[]): LedgerRow[] {
  const rows = new Map<string, LedgerRow>();
  for (const { class: kind, reason, value } of counters) {
    const name = classOfKind(kind);
    const side = sideOf(hop, reason);
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

/**
 * A node's whole account, from what each hop counted. The sensor's own reports are shown, and kept out of the total.
 * `unreported` as in the schema, by streams; `hasUnreported`: there was such an epoch.
 */
export function nodeLedger(
  of: { cluster: string; node: string; reportedUs: number; unreported?: number; hasUnreported?: boolean },
  counters: Readonly<Record<LedgerHop, readonly LedgerCounter[]>>,
): NodeLedger {
  const rows = ledgerHops.flatMap((hop) => ledgerRows(hop, counters[hop]));
  const counted = rows.filter((row) => isCounted(row.class));
  const of_ = (hop: LedgerHop) => counted.filter((row) => row.hop === hop);
  const total = (hop: LedgerHop, pick: (row: LedgerRow) => number) => of_(hop).reduce((n, row) => n + pick(row), 0);
  const submitted = total("kernel", (row) => row.out);
  const committed = total("hub", (row) => row.out);
  const lostBehind = total("collector", (row) => sum(row.lost)) + total("publisher", (row) => sum(row.lost));
  const absorbed = total("collector", (row) => sum(row.left_out));
  const pending = total("collector", (row) => row.pending) + total("publisher", (row) => row.pending);
  const elsewhere = counters.hub
    .filter((one) => one.reason === "elsewhere" && isCounted(one.class))
    .reduce((n, { value }) => n + value, 0);
  const open = submitted - committed - elsewhere - lostBehind - absorbed - pending;
  // What waits at the publisher, or was lost there by name, may be of an epoch that ended: it is not missed twice.
  const apart = of.unreported ?? 0;
  const atPublisher = total("publisher", (row) => row.pending + sum(row.lost));
  const least = of.hasUnreported === true ? apart - atPublisher : apart;
  const unreported = Math.min(apart, Math.max(least, open));
  const difference = open - unreported;
  const balanced = difference === 0 && counted.every((row) => row.hop === "collector" || row.difference === 0);
  const lost = lostBehind + total("kernel", (row) => sum(row.lost)) + Math.max(0, unreported);
  const { cluster, node, reportedUs: reported_us } = of;
  return { cluster, node, rows, lost, pending, difference, balanced, submitted, committed, reported_us, unreported };
}

/** Classes of what the kernel lets go. */
const countedClasses: ReadonlySet<string> = new Set(["process", "file", "network", "dns"]);

/** Whether a class is part of a node's total. */
export function isCounted(name: string): boolean {
  return countedClasses.has(name);
}

function addTo(list: { reason: string; value: number }[], reason: string, value: number): void {
  const known = list.find((one) => one.reason === reason);
  if (known === undefined) list.push({ reason, value });
  else known.value += value;
}

function sum(list: readonly { value: number }[]): number {
  return list.reduce((n, { value }) => n + value, 0);
}
