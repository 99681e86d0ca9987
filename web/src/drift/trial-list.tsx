import { Link } from "@tanstack/react-router";
import type { ReactElement } from "react";
import { Ago } from "../parts/ago.tsx";
import { Plain } from "../parts/plain.tsx";
import { usePick, useText } from "../text/language.ts";
import type { Trial } from "./run-trial.ts";

/** What the policy would have made of the alerts that came. */
export function TrialList({ trial }: { trial: Trial }): ReactElement {
  const { drift: text } = useText();
  const pick = usePick();
  const { sums, alerts, isCut } = trial;
  const total = sums.ignore + sums.alert + sums.block;
  return (
    <section aria-label={text.trialTitle} className="drift-trial">
      <h3>{text.trialTitle}</h3>
      <p>{text.trialSums(total, sums.ignore, sums.block)}</p>
      {sums.block > 0 && <p className="soft">{text.trialBlock}</p>}
      {isCut && <p className="soft">{text.trialCut(total)}</p>}
      <p className="soft">{text.trialOnlyTold}</p>
      <ul className="list">
        {alerts.map(({ alert, decision }) => (
          <li key={alert.alert_id} className="list-row">
            <span className={`tag ${decision.action === "alert" ? "" : "amber"}`}>{text.became[decision.action]}</span>
            <div>
              <Link to="/alerts/$alertId" params={{ alertId: alert.alert_id }}>
                <Plain text={pick(alert.summary)} />
              </Link>
              <p className="soft">
                {decision.rule === null ? text.noRule : <Plain text={text.byRule(decision.rule)} />}
              </p>
            </div>
            <Ago us={alert.last_seen_us} />
          </li>
        ))}
      </ul>
    </section>
  );
}
