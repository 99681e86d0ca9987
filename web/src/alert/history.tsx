import type { Alert, AlertAction } from "@atalaya/wire/api";
import { Button } from "@mantine/core";
import type { ReactElement } from "react";
import { Ago } from "../parts/ago.tsx";
import { keyed, Plain } from "../parts/plain.tsx";
import { useRights } from "../shell/session.ts";
import { useText } from "../text/language.ts";
import { visibleString } from "../text/visible-text.ts";
import { Card } from "./alert-facts.tsx";

/** Who did and said what, oldest first. */
export function HistoryCard({
  alert,
  act,
}: {
  alert: Alert;
  act: (action: AlertAction["action"]) => void;
}): ReactElement {
  const text = useText();
  const { canAct } = useRights();
  return (
    <Card title={text.alert.history}>
      {alert.comments.length === 0 ? (
        <p className="soft">{text.alert.noComments}</p>
      ) : (
        <ul className="history">
          {keyed(alert.comments).map(([key, comment]) => (
            <li key={key}>
              <p>
                <b>{visibleString(comment.user)}</b> {text.action.past[comment.action]} <Ago us={comment.time_us} />
              </p>
              {comment.text !== "" && (
                <div className="said">
                  {keyed(comment.text.split("\n")).map(([line, words]) => (
                    <p key={line}>
                      <Plain text={words} />
                    </p>
                  ))}
                </div>
              )}
            </li>
          ))}
        </ul>
      )}
      <Button variant="default" disabled={!canAct} onClick={() => act("comment")}>
        {text.action.comment}
      </Button>
    </Card>
  );
}
