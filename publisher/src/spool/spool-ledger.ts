import type { LaneState } from "./lane-state.ts";
import { classNames, type Tally } from "./tally.ts";

export type Counter = { class: string; reason: string; value: number };

/**
 * The account of the hop `publisher` (wire/src/ledger.ts), by class of event. What was received is what is stored and
 * what was counted without being stored: all of it is on disk, so it is the same after a kill.
 */
export function spoolCounters(states: readonly LaneState[]): Counter[] {
  const counters: Counter[] = [];
  for (const [place, name] of classNames) {
    const of = (pick: (state: LaneState) => Tally) => states.reduce((sum, state) => sum + (pick(state)[place] ?? 0), 0);
    const side = (which: "deduplicated" | "given_up" | "refused") =>
      of((state) => state.side[which]) - of((state) => state.sideBefore[which]);
    const stored = of((state) => state.stored) - of((state) => state.done.before);
    const pending = of((state) => state.pending());
    const values = {
      received: stored + side("deduplicated") + side("given_up") + side("refused"),
      delivered: of((state) => state.done.delivered),
      deduplicated: side("deduplicated"),
      given_up: of((state) => state.done.given_up) + side("given_up"),
      refused: of((state) => state.done.refused) + side("refused"),
      corrupt: of((state) => state.done.corrupt),
      pending,
    };
    for (const [reason, value] of Object.entries(values)) {
      const always = reason === "received" || reason === "delivered";
      if (value !== 0 || (always && values.received > 0)) counters.push({ class: name, reason, value });
    }
  }
  return counters;
}
