import type { LedgerEntry } from "./messages.ts";

/** What became of the events of one frame, by reason as in wire/src/ledger.ts: plain numbers, added up per event. */
export class FrameTally {
  readonly node: string;
  readonly #stream: string;
  readonly #class: string;
  received = 0;
  committed = 0;
  duplicate = 0;
  undecodable = 0;
  too_large = 0;
  cut = 0;
  kept = 0;
  matched = 0;
  evaluation_error = 0;
  drift_ignored = 0;
  report_malformed = 0;

  constructor(node: string, stream: string, name: string) {
    this.node = node;
    this.#stream = stream;
    this.#class = name;
  }

  entries(): LedgerEntry[] {
    const { node, received, committed, duplicate, undecodable, too_large } = this;
    const { cut, kept, matched, evaluation_error, drift_ignored, report_malformed } = this;
    const account = { received, committed, duplicate, undecodable, too_large };
    const counts = { ...account, cut, kept, matched, evaluation_error, drift_ignored, report_malformed };
    const of = { node, stream: this.#stream, class: this.#class };
    return Object.entries(counts).flatMap(([reason, n]) => (n === 0 ? [] : [{ ...of, reason, n }]));
  }
}

/** The entries of many tallies, one a node, stream, class and reason. */
export function entriesOf(tallies: readonly FrameTally[]): LedgerEntry[] {
  const sums = new Map<string, LedgerEntry>();
  for (const entry of tallies.flatMap((tally) => tally.entries())) {
    const key = `${entry.node}\n${entry.stream}\n${entry.class}\n${entry.reason}`;
    const known = sums.get(key);
    if (known === undefined) sums.set(key, entry);
    else known.n += entry.n;
  }
  return [...sums.values()];
}
