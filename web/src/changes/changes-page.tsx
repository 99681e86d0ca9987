import type { ApiChange } from "@atalaya/wire/api";
import { Button } from "@mantine/core";
import { useInfiniteQuery } from "@tanstack/react-query";
import type { ReactElement } from "react";
import { changesQuery } from "../api/queries.ts";
import { Failure } from "../parts/failure.tsx";
import { Icon } from "../parts/icons.tsx";
import { Plain } from "../parts/plain.tsx";
import { CardSkeleton } from "../parts/skeletons.tsx";
import { clockTime, fullTime } from "../text/format.ts";
import { useLanguage, useText } from "../text/language.ts";

/** Who changed what on this hub, newest first; refused attempts too. */
export function ChangesPage(): ReactElement {
  const text = useText();
  const query = useInfiniteQuery(changesQuery);
  const changes = query.data?.pages.flatMap((page) => page.changes) ?? [];
  return (
    <>
      <header className="top">
        <h1>{text.changes.title}</h1>
      </header>
      <p className="count-line">{text.changes.intro}</p>
      {query.isPending && <CardSkeleton />}
      {query.isError && <Failure error={query.error} retry={() => void query.refetch()} />}
      {query.isSuccess && changes.length === 0 && (
        <div className="panel notice">
          <Icon name="check" size={26} />
          <h2>{text.changes.empty}</h2>
        </div>
      )}
      {changes.length > 0 && (
        <ul className="panel list" aria-label={text.changes.title}>
          {changes.map((change) => (
            <ChangeRow key={change.change_id} change={change} />
          ))}
        </ul>
      )}
      {query.hasNextPage && (
        <Button variant="default" loading={query.isFetchingNextPage} onClick={() => void query.fetchNextPage()}>
          {text.changes.older}
        </Button>
      )}
    </>
  );
}

function ChangeRow({ change }: { change: ApiChange }): ReactElement {
  const text = useText();
  const language = useLanguage();
  const refused = change.status >= 400;
  return (
    <li className="list-row change">
      <time className="soft" title={fullTime(change.time_us, language)}>
        {clockTime(change.time_us, language)}
      </time>
      <div>
        <b>
          <Plain text={change.user === "" ? text.changes.nobody : change.user} />
        </b>{" "}
        <code>
          {change.method} {change.route}
        </code>
        {change.object !== "" && (
          <>
            {" "}
            <Plain text={change.object} />
          </>
        )}
        <p className="soft">
          {change.by === "" ? null : (
            <>
              <Plain text={change.by} /> ·{" "}
            </>
          )}
          <Plain text={change.address} />
        </p>
      </div>
      <span className={refused ? "tag amber" : "soft"}>
        {refused ? text.changes.refused(change.status) : text.changes.done}
      </span>
    </li>
  );
}
