import type { Alert, AlertSummary } from "./alert.ts";
import type { AlertPage, Rule } from "./api.ts";
import { type DriftDecision, type DriftFacts, type DriftPolicy, decideDrift } from "./drift-policy.ts";

// What another drift policy would have made of the alerts that came, and what was blocked: from alerts alone, without a change.

/** The hub's API, as the page or the command line calls it. */
export type AlertSource = {
  rules(): Promise<readonly Pick<Rule, "rule" | "tags">[]>;
  alerts(query: URLSearchParams): Promise<AlertPage>;
  alert(alertId: string): Promise<Alert>;
};

/** The tag of the rules that a drift policy decides on, the user's own ones, too. */
export const driftTag = "drift";

export type TriedAlert = { alert: AlertSummary; decision: DriftDecision };

/**
 * The newest first. Alerts are what was told: what the policy in force let pass is not among them. Each is asked for by itself:
 * whoever goes on for long asks for much.
 */
export async function* tryDrift(source: AlertSource, policy: DriftPolicy, sinceUs: number): AsyncGenerator<TriedAlert> {
  for await (const alert of driftAlerts(source, sinceUs))
    yield { alert, decision: decideDrift(policy, factsOf(await source.alert(alert.alert_id))) };
}

export const blockedVerdicts = ["blocked", "would_block"] as const;
export type BlockedVerdict = (typeof blockedVerdicts)[number];

/** An alert folds repeats of one program, whose verdicts may differ: it is told for each that its pieces of evidence say. */
export function blockedDrift(
  source: Pick<AlertSource, "rules" | "alerts">,
  verdict: BlockedVerdict,
  sinceUs: number,
): AsyncGenerator<AlertSummary> {
  return driftAlerts(source, sinceUs, { verdict });
}

/** The newest first, whichever rule they are of: each rule's come in that order, a page at a time. */
async function* driftAlerts(
  source: Pick<AlertSource, "rules" | "alerts">,
  sinceUs: number,
  more: Record<string, string> = {},
): AsyncGenerator<AlertSummary> {
  const rules = (await source.rules()).filter((one) => one.tags.includes(driftTag));
  const waiting: { alert: AlertSummary; rest: AsyncGenerator<AlertSummary> }[] = [];
  const take = async (rest: AsyncGenerator<AlertSummary>) => {
    const { value: alert, done } = await rest.next();
    if (!done) waiting.push({ alert, rest });
  };
  for (const { rule } of rules)
    await take(alertsOf(source, { rule, since_us: String(sinceUs), limit: "200", ...more }));
  while (waiting.length > 0) {
    waiting.sort((a, b) => b.alert.last_seen_us - a.alert.last_seen_us);
    const newest = waiting.shift();
    if (newest === undefined) return;
    yield newest.alert;
    await take(newest.rest);
  }
}

async function* alertsOf(
  source: Pick<AlertSource, "alerts">,
  query: Record<string, string>,
): AsyncGenerator<AlertSummary> {
  let cursor: string | undefined;
  do {
    const page = await source.alerts(new URLSearchParams(cursor === undefined ? query : { ...query, cursor }));
    yield* page.alerts;
    cursor = page.next_cursor;
  } while (cursor !== undefined);
}

/** An alert folds repeats of one program: each has the same path. */
function factsOf({ where, evidence }: Alert): DriftFacts {
  const path = evidence[0]?.output_fields["proc.exepath"];
  return {
    cluster: where.cluster ?? "",
    namespace: where.namespace ?? null,
    pod: where.pod ?? null,
    container: where.container_name ?? null,
    image: where.image ?? null,
    labels: where.pod_labels ?? null,
    path: typeof path === "string" ? path : null,
  };
}
