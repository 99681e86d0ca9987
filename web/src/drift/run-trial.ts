import {
  type AlertSummary,
  type BlockedVerdict,
  blockedDrift,
  blockedVerdicts,
  type DriftPolicy,
  type TriedAlert,
  tryDrift,
} from "@atalaya/wire/api";
import { alertSource } from "../api/hub.ts";
import { limits } from "../limits.ts";

/** `alerts` are the first of them to be shown; `isCut`: more came than are looked at. */
export type Trial = { sums: Record<"ignore" | "alert" | "block", number>; alerts: TriedAlert[]; isCut: boolean };

/** What the policy would have made of the alerts since then. Throws Refusal. */
export async function runTrial(policy: DriftPolicy, sinceUs: number): Promise<Trial> {
  const trial: Trial = { sums: { ignore: 0, alert: 0, block: 0 }, alerts: [], isCut: false };
  let seen = 0;
  for await (const tried of tryDrift(alertSource, policy, sinceUs)) {
    if (seen === limits.driftAlertsMax) return { ...trial, isCut: true };
    seen += 1;
    trial.sums[tried.decision.action] += 1;
    trial.alerts.push(tried);
  }
  return trial;
}

export type BlockedAlert = { alert: AlertSummary; verdict: BlockedVerdict };
/** `isCut`: more came than are listed. */
export type Blocked = { alerts: BlockedAlert[]; isCut: boolean };

/** What was blocked since then, and what would have been, the newest first. Throws Refusal. */
export async function findBlocked(sinceUs: number): Promise<Blocked> {
  const alerts: BlockedAlert[] = [];
  let isCut = false;
  for (const verdict of blockedVerdicts) {
    let listed = 0;
    for await (const alert of blockedDrift(alertSource, verdict, sinceUs)) {
      isCut ||= listed === limits.blockedListedMax;
      if (listed === limits.blockedListedMax) break;
      listed += 1;
      alerts.push({ alert, verdict });
    }
  }
  return { alerts: alerts.sort((a, b) => b.alert.last_seen_us - a.alert.last_seen_us), isCut };
}
