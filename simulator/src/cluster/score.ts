import type { Expectation } from "../attack/scenario.ts";
import { type Deciding, decide, type Pending, pendingOf, take } from "../decide.ts";
import type { AlertSource, Subject } from "../report/arrival-list.ts";
import type { Report } from "../report/report.ts";
import type { Result } from "../report/result.ts";
import type { AttackLine } from "./attack-log.ts";
import type { ClusterRow } from "./cluster-expectations.ts";
import { OtherClock } from "./other-clock.ts";

export type Scoring = {
  rows: readonly ClusterRow[];
  source: AlertSource;
  subject: Subject;
  /** Without, what only the audit log tells is not covered. */
  withAudit: boolean;
  timeoutMs: number;
  report: Report;
  signal: AbortSignal;
};

/** Turns the attacker's log into results: waits for each alert as soon as the steps that raise it are done. */
export class Score {
  readonly results: Result[] = [];
  /** Steps without an alert of their own that had no effect. */
  problems = 0;
  readonly #scoring: Scoring;
  readonly #pending: Pending[];
  readonly #waits: Promise<void>[] = [];
  readonly #clock = new OtherClock();
  readonly #seen = new Set<string>();

  constructor(scoring: Scoring) {
    this.#scoring = scoring;
    this.#pending = scoring.rows.map(({ scenario, expectation, steps }) => pendingOf(scenario, expectation, steps));
  }

  /** How far our clock is ahead of the attacker's, in microseconds. */
  get clockAheadUs(): number {
    return this.#clock.aheadUs;
  }

  /** A line of the log arrived now. Lines that come again, since a log was followed anew, count once. */
  take(line: AttackLine): void {
    const { report } = this.#scoring;
    const nowUs = Date.now() * 1000;
    if (line.state === "clock") this.#clock.note(line.clockUs, nowUs);
    else if (line.state === "began") report.progress(`${line.scenario}: ${line.step}`);
    else if (line.state === "ended") this.#ended(line);
    else if (line.state === "completed") report.progress("waiting for the alerts");
  }

  /** Resolves when every expectation is decided; those whose steps never came are decided as failed attacks. */
  async finish(): Promise<void> {
    for (const [i, pending] of this.#pending.entries()) {
      if (pending.left.size === 0) continue;
      pending.failure ??= `${[...pending.left].join(", ")}: the attacker did not get to it`;
      this.#settle(i, pending);
    }
    await Promise.all(this.#waits);
  }

  /** Ends the waits without a verdict, after an abort. */
  async abandon(): Promise<void> {
    await Promise.allSettled(this.#waits);
  }

  #ended({ scenario, step, beganUs, failure }: Extract<AttackLine, { state: "ended" }>): void {
    const key = `${scenario}/${step}`;
    if (this.#seen.has(key)) return;
    this.#seen.add(key);
    const done = { step, beganUs: this.#clock.toHere(beganUs), failure };
    let concerned = false;
    for (const [i, pending] of this.#pending.entries()) {
      if (pending.scenario !== scenario || !pending.left.has(step)) continue;
      concerned = true;
      take(pending, done);
      if (pending.left.size === 0) this.#settle(i, pending);
    }
    if (concerned || failure === undefined) return;
    this.problems += 1;
    this.#scoring.report.news(`no effect: ${scenario}, ${step}: ${failure}`);
  }

  #settle(index: number, pending: Pending): void {
    const { source, subject, withAudit, timeoutMs, report, signal } = this.#scoring;
    const beyond = ({ beyondLocal }: Expectation) =>
      withAudit || beyondLocal === undefined ? undefined : "not_covered";
    const deciding: Deciding = { source, subject, timeoutMs, beyond, signal };
    const wait = decide(pending, deciding).then(({ result, note }) => {
      this.results.push(result);
      report.decided(index, result, note);
    });
    // Whoever awaits `finish` hears of it; until then nobody does.
    wait.catch(() => {});
    this.#waits.push(wait);
  }
}
