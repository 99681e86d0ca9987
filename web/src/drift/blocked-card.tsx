import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import type { ReactElement } from "react";
import { Card } from "../alert/alert-facts.tsx";
import { blockedQuery } from "../api/queries.ts";
import { Ago } from "../parts/ago.tsx";
import { failureText } from "../parts/failure.tsx";
import { Plain } from "../parts/plain.tsx";
import { usePick, useText } from "../text/language.ts";

/** What was blocked in the last week, and what would have been where rules are on trial. */
export function BlockedCard(): ReactElement {
  const text = useText();
  const pick = usePick();
  const query = useQuery(blockedQuery);
  const { alerts: found, isCut } = query.data ?? { alerts: [], isCut: false };
  return (
    <Card title={text.drift.blockedTitle}>
      <p className="soft">{text.drift.blockedText}</p>
      {query.isError && <p className="soft">{failureText(query.error, text)}</p>}
      {query.isSuccess && found.length === 0 && <p>{text.drift.blockedNone}</p>}
      {isCut && <p className="soft">{text.drift.blockedCut(found.length)}</p>}
      <ul className="list" aria-label={text.drift.blockedTitle}>
        {found.map(({ alert, verdict }) => (
          <li key={`${alert.alert_id} ${verdict}`} className="list-row">
            <span className={verdict === "blocked" ? "tag red" : "tag amber"}>{text.drift.verdicts[verdict]}</span>
            <div>
              <Link to="/alerts/$alertId" params={{ alertId: alert.alert_id }}>
                <Plain text={pick(alert.summary)} />
              </Link>
              <p className="soft">
                <Ago us={alert.last_seen_us} />
              </p>
            </div>
          </li>
        ))}
      </ul>
    </Card>
  );
}
