import type { Outcome } from "./outcome.ts";
import { emptyRow, header, outcomeRow, summary } from "./rows.ts";

export type Planned = { scenario: string; alert: string };

/** Told of everything as it happens; shows it in its own way. */
export type Reporter = {
  plan(rows: readonly Planned[]): void;
  progress(what: string): void;
  outcome(outcome: Outcome): void;
  end(outcomes: readonly Outcome[]): void;
};

/** One JSON object a line, nothing else on standard output. */
export function jsonReporter(): Reporter {
  return {
    plan: () => {},
    progress: () => {},
    outcome: (outcome) => process.stdout.write(`${JSON.stringify(outcome)}\n`),
    end: () => {},
  };
}

/** A line a decided alert, for pipes and logs. */
export function lineReporter(hubUrl: string): Reporter {
  return {
    plan: () => process.stdout.write(`${header(false)}\n`),
    progress: (what) => process.stderr.write(`atalaya: ${what}\n`),
    outcome: (outcome) => process.stdout.write(`${outcomeRow(outcome, hubUrl, false)}\n`),
    end: (outcomes) => process.stdout.write(`${summary(outcomes)}\n`),
  };
}

/** The whole table, drawn again in place at each change: what is awaited stands there from the start. */
export function tableReporter(hubUrl: string): Reporter {
  let rows: readonly Planned[] = [];
  const decided = new Map<string, Outcome>();
  let doing = "";
  let drawn = 0;
  const key = (row: Planned) => `${row.scenario} ${row.alert}`;
  const draw = () => {
    const lines = [header(true)];
    for (const row of rows) {
      const outcome = decided.get(key(row));
      lines.push(outcome === undefined ? emptyRow(row) : outcomeRow(outcome, hubUrl, true));
    }
    lines.push("", doing);
    // Up to the first line of the table, and each line cleared to its end.
    const up = drawn === 0 ? "" : `\u001b[${drawn}A\r`;
    process.stdout.write(`${up}${lines.map((line) => `${line}\u001b[K\n`).join("")}`);
    drawn = lines.length;
  };
  return {
    plan(planned) {
      rows = planned;
      draw();
    },
    progress(what) {
      doing = what.slice(0, Math.max(20, (process.stdout.columns ?? 80) - 1));
      draw();
    },
    outcome(outcome) {
      decided.set(key(outcome), outcome);
      draw();
    },
    end(outcomes) {
      doing = summary(outcomes);
      draw();
    },
  };
}
