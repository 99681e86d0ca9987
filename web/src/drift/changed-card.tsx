import { Button } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import type { ReactElement } from "react";
import { Card } from "../alert/alert-facts.tsx";
import { driftChangesQuery } from "../api/queries.ts";
import { Ago } from "../parts/ago.tsx";
import { Plain } from "../parts/plain.tsx";
import { useText } from "../text/language.ts";

/** Who put a policy in force, or tried to. */
export function ChangedCard(): ReactElement {
  const text = useText();
  const query = useQuery(driftChangesQuery);
  const changes = query.data ?? [];
  return (
    <Card title={text.drift.changedTitle}>
      {query.isSuccess && changes.length === 0 && <p className="soft">{text.drift.changedNone}</p>}
      <ul className="list" aria-label={text.drift.changedTitle}>
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
