import type { Result, Status } from "./result.ts";

/** A row of the table: a result, or what it still waits for. */
export type Row = {
  scenario: string;
  alert: string;
  /** Undefined while it is not decided. */
  result: Result | undefined;
  /** What is being done, or why an attack failed. */
  note: string;
};

const marks: Record<Status, { mark: string; colour: string; words: string }> = {
  alerted: { mark: "✓", colour: "32", words: "" },
  missed: { mark: "✗", colour: "31", words: "no alert came" },
  attack_failed: { mark: "!", colour: "33", words: "the attack had no effect" },
  needs_cluster: { mark: "–", colour: "2", words: "needs a cluster" },
  not_covered: { mark: "–", colour: "2", words: "not covered yet" },
};

export type Style = { colours: boolean; pageUrl: (alertId: string) => string };

const widths = { scenario: 11, alert: 53, seconds: 8 };

export const heading = `${"  Scenario".padEnd(widths.scenario + 3)}${"Expected alert".padEnd(widths.alert + 2)}Seconds`;

/** One line of the table: mark, scenario, expected alert, seconds, and the page or the reason. */
export function rowText(row: Row, style: Style): string {
  const kind = row.result === undefined ? undefined : marks[row.result.status];
  const paint = (text: string) => (style.colours && kind ? `\u001b[${kind.colour}m${text}\u001b[0m` : text);
  const seconds = row.result?.seconds == null ? "" : row.result.seconds.toFixed(2);
  const page = row.result?.alert_id == null ? "" : style.pageUrl(row.result.alert_id);
  const words = [page, kind?.words ?? "", row.note].filter((part) => part !== "").join(": ");
  const line = `${paint(kind?.mark ?? "·")} ${row.scenario.padEnd(widths.scenario)} ${cut(row.alert, widths.alert).padEnd(widths.alert + 1)}${seconds.padStart(widths.seconds)}  ${words}`;
  return line.trimEnd();
}

/** What one reads at the end: counts, and what to do about what went wrong. */
export function summary(results: readonly Result[]): string {
  const count = (status: Status) => results.filter((result) => result.status === status).length;
  const parts = [
    `${count("alerted")} alerted`,
    `${count("missed")} missed`,
    `${count("attack_failed")} attacks without effect`,
    `${count("needs_cluster")} need a cluster`,
    `${count("not_covered")} not covered yet`,
  ];
  const slowest = Math.max(...results.map(({ seconds }) => seconds ?? 0));
  return `${parts.join(", ")}${slowest > 0 ? `; the slowest alert took ${slowest.toFixed(2)} s` : ""}`;
}

function cut(text: string, width: number): string {
  return text.length <= width ? text : `${text.slice(0, width - 1)}…`;
}
