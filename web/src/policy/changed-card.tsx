import { Button } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import type { ReactElement } from "react";
import { Card } from "../alert/alert-facts.tsx";
import { type PolicyName, policyChangesQuery } from "../api/queries.ts";
import { Ago } from "../parts/ago.tsx";
import { failureText } from "../parts/failure.tsx";
import { Plain } from "../parts/plain.tsx";
import { useText } from "../text/language.ts";

/** Who put another policy in force, or tried to; `setting` is its place in the API. */
export function ChangedCard({ setting }: { setting: PolicyName }): ReactElement {
  const text = useText();
  const query = useQuery(policyChangesQuery(setting));
  const changes = query.data ?? [];
  return (
    <Card title={text.scope.changedTitle}>
      {query.isError && <p className="soft">{failureText(query.error, text)}</p>}
      {query.isSuccess && changes.length === 0 && <p className="soft">{text.scope.changedNone}</p>}
      <ul className="list" aria-label={text.scope.changedTitle}>
        {changes.map(({ change_id, time_us, user, status }) => (
          <li key={change_id} className="list-row">
            <div>
              <b>
                <Plain text={user === "" ? text.changes.nobody : user} />
              </b>{" "}
              <span className={status >= 400 ? "tag amber" : "soft"}>
                {status >= 400 ? text.changes.refused(status) : text.changes.done}
              </span>
            </div>
            <Ago us={time_us} />
          </li>
        ))}
      </ul>
      <Button variant="default" component={Link} to="/changes">
        {text.changes.open}
      </Button>
    </Card>
  );
}
