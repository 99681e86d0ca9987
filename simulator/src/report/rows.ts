import type { Outcome, Status } from "./outcome.ts";

const marks: Record<Status, { mark: string; colour: string; words: string }> = {
  alerted: { mark: "✓", colour: "32", words: "alerted" },
  missed: { mark: "✗", colour: "31", words: "missed" },
  attack_failed: { mark: "!", colour: "33", words: "attack had no effect" },
  needs_cluster: { mark: "·", colour: "90", words: "needs a cluster" },
  not_covered: { mark: "·", colour: "90", words: "not covered yet" },
};

const scenarioWidth = 12;
const alertWidth = 62;

const cut = (text: string, width: number) =>
  text.length > width ? `${text.slice(0, width - 1)}…` : text.padEnd(width);

export function header(styled: boolean): string {
  const text = `  ${"scenario".padEnd(scenarioWidth)} ${"expected alert".padEnd(alertWidth)} ${"seconds".padStart(7)}  link`;
  return styled ? `\u001b[1m${text}\u001b[0m` : text;
}

/** A row whose alert is still awaited. */
export function emptyRow(row: { scenario: string; alert: string }): string {
  return `\u001b[90m… ${row.scenario.padEnd(scenarioWidth)} ${cut(row.alert, alertWidth)}\u001b[0m`;
}

export function outcomeRow(outcome: Outcome, hubUrl: string, styled: boolean): string {
  const { mark, colour, words } = marks[outcome.status];
  const seconds = (outcome.seconds === null ? "" : outcome.seconds.toFixed(2)).padStart(7);
  const link = outcome.alert_id === null ? (outcome.reason ?? words) : `${hubUrl}/alerts/${outcome.alert_id}`;
  const sign = styled ? `\u001b[${colour}m${mark}\u001b[0m` : mark;
  const detail = outcome.status === "attack_failed" ? `${words}: ${outcome.reason ?? ""}` : link;
  return `${sign} ${outcome.scenario.padEnd(scenarioWidth)} ${cut(outcome.alert, alertWidth)} ${seconds}  ${detail}`;
}

export function summary(outcomes: readonly Outcome[]): string {
  const count = (status: Status) => outcomes.filter((one) => one.status === status).length;
  const slowest = Math.max(0, ...outcomes.map((one) => one.seconds ?? 0));
  const parts = [`${count("alerted")} alerted`, `${count("missed")} missed`];
  if (count("attack_failed") > 0) parts.push(`${count("attack_failed")} without effect`);
  const other = count("needs_cluster") + count("not_covered");
  if (other > 0) parts.push(`${other} not shown here`);
  return `${parts.join(", ")}; the slowest took ${slowest.toFixed(2)} s`;
}
