import type { Alert, DoneBy, DoneByShort, PodSession } from "@atalaya/wire/api";
import { Fragment, type ReactElement } from "react";
import { limits } from "../limits.ts";
import { LongText } from "../parts/long-text.tsx";
import { keyed, Plain } from "../parts/plain.tsx";
import { clockTime, fullTime } from "../text/format.ts";
import { useLanguage, useText } from "../text/language.ts";
import { Card } from "./alert-facts.tsx";

/** Whose session it came from, how sure that is, and why. Absent where no session can have had a part in it. */
export function DoneByCard({ alert }: { alert: Alert }): ReactElement | null {
  const { doneBy: text } = useText();
  const doneBy = alert.done_by ?? [];
  // What the audit log told names its user itself; on the host nobody has a session.
  if (doneBy.length === 0 && (alert.source !== "syscall" || alert.where.pod === undefined)) return null;
  return (
    <Card title={text.title}>
      {doneBy.length === 0 && <p className="soft">{text.nobody}</p>}
      {keyed(doneBy).map(([key, one]) => (
        <Answer key={key} doneBy={one} />
      ))}
    </Card>
  );
}

function Answer({ doneBy }: { doneBy: DoneBy }): ReactElement {
  const { doneBy: text } = useText();
  const { how, certainty, confidence, reason, sessions } = doneBy;
  const isKnown = certainty === "known";
  return (
    <div className="done-by">
      <p>
        <span className={isKnown ? "tag strong" : "tag amber"}>{isKnown ? text.known : text.ambiguous}</span>{" "}
        <span className="tag">{text.confidence[confidence]}</span>
      </p>
      <p className="soft">{text.howLong[how]}</p>
      {!isKnown && <p>{text.oneOf(sessions.length)}</p>}
      <ul>
        {sessions.map((session) => (
          <li key={`${session.audit_id} ${session.user} ${session.received_us}`}>
            <Session session={session} />
          </li>
        ))}
      </ul>
      <p className="soft">{text.reason[reason]}</p>
    </div>
  );
}

function Session({ session }: { session: PodSession }): ReactElement {
  const { doneBy: text } = useText();
  const language = useLanguage();
  const rows: [string, string | undefined][] = [
    [text.user, session.user],
    [text.actingAs, session.acting_as],
    [text.groups, session.groups.join(", ")],
    [text.from, session.source_ips.join(", ")],
    [text.client, session.user_agent],
    [text.session, text.kind[session.kind]],
    [text.command, session.command?.join(" ")],
  ];
  const times = [
    [text.opened, session.received_us],
    [text.ended, session.ended_us],
  ] as const;
  return (
    <dl>
      {rows.map(([name, value]) =>
        value === undefined || value === "" ? null : (
          <Fragment key={name}>
            <dt>{name}</dt>
            <dd>
              <LongText text={value} most={limits.sessionCharsShown} />
            </dd>
          </Fragment>
        ),
      )}
      {times.map(([name, us]) =>
        us === undefined ? null : (
          <Fragment key={name}>
            <dt>{name}</dt>
            <dd>
              <time title={fullTime(us, language)}>{clockTime(us, language)}</time>
            </dd>
          </Fragment>
        ),
      )}
    </dl>
  );
}

/** Under the process with which a session came into the container: the user, groups, address and client. */
export function DoneByLine({ doneBy }: { doneBy: DoneBy }): ReactElement {
  const { doneBy: text } = useText();
  const { users, certainty } = shortOf(doneBy);
  const [only] = doneBy.sessions;
  const facts =
    only !== undefined && users.length === 1
      ? [only.groups.join(", "), only.source_ips.join(", "), only.user_agent ?? ""].filter((fact) => fact !== "")
      : [];
  const names = users.join(text.or);
  return (
    <span className="by-line" title={text.reason[doneBy.reason]}>
      <b>
        <Plain text={certainty === "known" ? `${text.how[doneBy.how]} ${names}` : text.maybe(names)} />
      </b>
      {facts.map((fact) => (
        <Fragment key={fact}>
          {" · "}
          <Plain text={fact} />
        </Fragment>
      ))}
      {" · "}
      {certainty === "known" ? text.confidence[doneBy.confidence] : text.ambiguous}
    </span>
  );
}

/** The users of it, each once. */
export function shortOf({ how, certainty, sessions }: DoneBy): DoneByShort {
  return { how, certainty, users: [...new Set(sessions.map(({ user }) => user))] };
}
