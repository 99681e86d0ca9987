import type { Alert, AlertAction } from "@atalaya/wire/api";
import { useQuery } from "@tanstack/react-query";
import { Link, useNavigate, useParams, useSearch } from "@tanstack/react-router";
import { type ReactElement, useEffect, useState } from "react";
import { useAlertList } from "../alerts/alert-list.ts";
import { alertQuery, queryClient } from "../api/queries.ts";
import { Refusal } from "../api/refusal.ts";
import { onAlert } from "../api/stream.ts";
import { limits } from "../limits.ts";
import { Failure } from "../parts/failure.tsx";
import { Icon } from "../parts/icons.tsx";
import { useKeys } from "../parts/keys.ts";
import { CardSkeleton } from "../parts/skeletons.tsx";
import { useRights } from "../shell/session.ts";
import { TrustLine } from "../shell/trust-line.tsx";
import { useText } from "../text/language.ts";
import { ActionDialog } from "./action-dialog.tsx";
import { AttackCard, WhereCard, WhoCard } from "./alert-facts.tsx";
import { AlertHead } from "./alert-head.tsx";
import { DoneByCard } from "./done-by.tsx";
import { EvidenceCard, RawCard } from "./evidence.tsx";
import { HistoryCard } from "./history.tsx";
import { ProcessTree } from "./process-tree.tsx";
import { TriageCard } from "./triage.tsx";
import { WhyCard } from "./why.tsx";

/** One alert: what happened, why it fired, where, who, what to do next. */
export function AlertPage(): ReactElement {
  const text = useText();
  const { alertId } = useParams({ from: "/signed-in/alerts/$alertId" });
  const filters = useSearch({ from: "/signed-in/alerts/$alertId" });
  // What a node's recorder had comes seconds later, and changes nothing that the stream tells of.
  const query = useQuery({
    ...alertQuery(alertId),
    refetchInterval: ({ state }) => (state.data?.recording?.state === "asked" ? limits.recordingLookMs : false),
  });
  const { canAct } = useRights();
  const [action, setAction] = useState<AlertAction["action"]>();
  const neighbours = useNeighbours(alertId);
  useFollow(alertId);
  useKeys([
    ["j", () => neighbours.go(neighbours.next)],
    ["k", () => neighbours.go(neighbours.previous)],
    ["a", () => canAct && setAction("acknowledge")],
    ["r", () => canAct && setAction("resolve")],
    ["e", () => canAct && setAction("resolve")],
    ["c", () => canAct && setAction("comment")],
    ["Escape", () => neighbours.list()],
  ]);
  return (
    <>
      <header className="top">
        <Link to="/alerts" search={filters} className="crumb">
          <Icon name="right" size={14} /> {text.alerts.title}
        </Link>
        <Neighbours {...neighbours} />
        <TrustLine />
      </header>
      {query.isPending && <CardSkeleton />}
      {query.isError && !isGone(query.error) && <Failure error={query.error} retry={() => void query.refetch()} />}
      {isGone(query.error) && <Gone />}
      {query.data !== undefined && !query.isError && (
        <>
          <Story alert={query.data} act={setAction} />
          <ActionDialog alert={query.data} action={action} close={() => setAction(undefined)} filters={filters} />
        </>
      )}
    </>
  );
}

function Story({ alert, act }: { alert: Alert; act: (action: AlertAction["action"]) => void }): ReactElement {
  // Where there is no tree to tell the story, the reason comes first.
  const hasTree = alert.process_tree.length > 0;
  return (
    <article aria-labelledby="alert-title">
      <AlertHead alert={alert} act={act} />
      <div className="two">
        <div>
          {hasTree && <ProcessTree alert={alert} />}
          <WhyCard alert={alert} />
          <TriageCard alert={alert} />
          {!hasTree && <ProcessTree alert={alert} />}
          <EvidenceCard alert={alert} />
          <RawCard raw={alert.raw} />
        </div>
        <div>
          <WhereCard alert={alert} />
          <DoneByCard alert={alert} />
          <WhoCard alert={alert} />
          <AttackCard alert={alert} />
          <HistoryCard alert={alert} act={act} />
        </div>
      </div>
    </article>
  );
}

/** The alerts before and after this one in the list that it was opened from. */
function useNeighbours(alertId: string) {
  const filters = useSearch({ from: "/signed-in/alerts/$alertId" });
  const navigate = useNavigate();
  const { alerts } = useAlertList(filters);
  // What is acted upon may leave the list; its place is remembered, so that "next" still means the one below.
  const [place, setPlace] = useState(-1);
  const at = alerts.findIndex((one) => one.alert_id === alertId);
  useEffect(() => {
    if (at >= 0) setPlace(at);
  }, [at]);
  const here = at >= 0 ? at : place;
  const next = alerts[at >= 0 ? here + 1 : Math.max(0, here)]?.alert_id;
  const previous = here > 0 ? alerts[here - 1]?.alert_id : undefined;
  const go = (id: string | undefined) => {
    if (id === undefined || id === alertId) return;
    void navigate({ to: "/alerts/$alertId", params: { alertId: id }, search: filters, replace: true });
  };
  return { next, previous, go, list: () => void navigate({ to: "/alerts", search: filters }) };
}

function Neighbours({ next, previous, go }: ReturnType<typeof useNeighbours>): ReactElement {
  const text = useText();
  return (
    <div className="neighbours">
      <button type="button" aria-label={text.alert.next} disabled={next === undefined} onClick={() => go(next)}>
        <Icon name="down" />{" "}
        <span className="key" aria-hidden="true">
          j
        </span>
      </button>
      <button
        type="button"
        aria-label={text.alert.previous}
        disabled={previous === undefined}
        onClick={() => go(previous)}
      >
        <Icon name="up" />{" "}
        <span className="key" aria-hidden="true">
          k
        </span>
      </button>
    </div>
  );
}

/** The stream tells that this alert changed; the whole of it is then asked for. */
function useFollow(alertId: string): void {
  useEffect(
    () =>
      onAlert((alert) => {
        if (alert.alert_id === alertId) void queryClient.invalidateQueries({ queryKey: ["alert", alertId] });
      }),
    [alertId],
  );
}

function Gone(): ReactElement {
  const text = useText();
  return (
    <div className="panel notice">
      <h2>{text.alert.notFound}</h2>
      <p>{text.alert.notFoundText}</p>
      <Link to="/alerts" className="button">
        {text.alert.toList}
      </Link>
    </div>
  );
}

function isGone(error: unknown): boolean {
  return error instanceof Refusal && error.status === 404;
}
