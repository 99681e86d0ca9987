import type { ScenarioName } from "../attack/scenario.ts";
import type { Result } from "./result.ts";
import { heading, type Row, rowText, type Style, summary } from "./table.ts";

/** Where results go while they come in. */
export type Report = {
  /** The scenarios to come, each with the alerts that it should raise. */
  begin(rows: { scenario: ScenarioName; alert: string }[]): void;
  /** What is being done now, for people; nothing in a pipe. */
  progress(what: string): void;
  /** Something that the reader should know and that is no result. */
  news(line: string): void;
  /** The expected alert number `index` is decided; `note` says why an attack failed. */
  decided(index: number, result: Result, note: string): void;
  end(results: readonly Result[]): void;
};

type Write = (text: string) => void;

/** One JSON object a line on standard output, and nothing else there. News and reasons go to standard error. */
export function jsonReport(write: Write, complain: Write): Report {
  return {
    begin: () => {},
    progress: () => {},
    news: (line) => complain(`atalaya: ${line}\n`),
    decided(_index, result, note) {
      write(`${JSON.stringify(result)}\n`);
      if (note !== "") complain(`atalaya: ${result.scenario}, ${result.alert}: ${note}\n`);
    },
    end: () => {},
  };
}

/** A line for each result as it is decided: for pipes and files. */
export function plainReport(write: Write, complain: Write, style: Style): Report {
  let rows: Row[] = [];
  return {
    begin(expected) {
      rows = expected.map(blank);
      write(`${heading}\n`);
    },
    progress: () => {},
    news: (line) => complain(`atalaya: ${line}\n`),
    decided(index, result, note) {
      const row = rows[index];
      if (row !== undefined) write(`${rowText({ ...row, result, note }, style)}\n`);
    },
    end: (results) => write(`${summary(results)}\n`),
  };
}

/** A table that is drawn again, in place, at each change. News stay above it. */
export function liveReport(write: Write, style: Style, columns: () => number): Report {
  let rows: Row[] = [];
  let status = "";
  let drawn = 0;
  const draw = (above: string[] = [], cut = true) => {
    const table = rows.length === 0 ? [] : [heading, ...rows.map((row) => rowText(row, style))];
    const lines = [...table, status];
    // A line that wraps would be two to the cursor: what does not fit is cut.
    const fitted = [...above, ...lines.map((line) => (cut ? fit(line, columns()) : line))];
    const up = drawn > 0 ? `\u001b[${drawn}F\u001b[J` : "";
    write(`${up}${fitted.map((line) => `${line}\n`).join("")}`);
    drawn = lines.length;
  };
  return {
    begin(expected) {
      rows = expected.map(blank);
      draw();
    },
    progress(what) {
      status = what;
      draw();
    },
    news: (line) => draw([line]),
    decided(index, result, note) {
      const row = rows[index];
      if (row !== undefined) rows[index] = { ...row, result, note };
      draw();
    },
    end(results) {
      status = summary(results);
      // The last drawing stays as it is: now links may wrap, so that they can be followed.
      draw([], false);
    },
  };
}

function blank({ scenario, alert }: { scenario: string; alert: string }): Row {
  return { scenario, alert, result: undefined, note: "" };
}

/** Cuts to a number of columns; the escape sequences of colours take none. */
function fit(text: string, columns: number): string {
  let width = 0;
  let out = "";
  // biome-ignore lint/suspicious/noControlCharactersInRegex: escape sequences begin with one
  for (const part of text.match(/\u001b\[[0-9;]*m|./gu) ?? []) {
    if (!part.startsWith("\u001b")) width += 1;
    if (width >= columns && !part.startsWith("\u001b")) continue;
    out += part;
  }
  return out;
}
