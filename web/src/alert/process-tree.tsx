import type { Alert, TreeRow } from "@atalaya/wire/api";
import { Link, useSearch } from "@tanstack/react-router";
import { type ReactElement, useMemo } from "react";
import { limits } from "../limits.ts";
import { LongText } from "../parts/long-text.tsx";
import { duration, fullTime, rowTime } from "../text/format.ts";
import { useLanguage, usePick, useText } from "../text/language.ts";
import { visibleString } from "../text/visible-text.ts";
import { Card } from "./alert-facts.tsx";
import { DoneByLine } from "./done-by.tsx";
import { RecordedEvents, RecordingLine } from "./recorded.tsx";
import { treeLines } from "./tree-lines.ts";

/** The story: who started whom, when, what did not come with the image, where other alerts stand. */
export function ProcessTree({ alert }: { alert: Alert }): ReactElement | null {
  const text = useText();
  const rows = alert.process_tree;
  const lines = useMemo(() => treeLines(rows.map((row) => row.depth)), [rows]);
  const entered = useMemo(() => sessionStarts(rows), [rows]);
  // What is told of a sensor is about no process.
  if (alert.source === "sensor") return null;
  return (
    <Card title={text.alert.tree}>
      {alert.recording !== undefined && <RecordingLine recording={alert.recording} />}
      {alert.process_history_gone === true && <p className="soft">{text.alert.historyGone}</p>}
      {rows.length === 0 ? (
        <p className="soft">{alert.source === "k8s_audit" ? text.alert.noTree : text.alert.noTreeRuntime}</p>
      ) : (
        <ul className="tree mono">
          {rows.map((row, at) => (
            <Row
              key={`${row.pid} ${row.start_us} ${row.time_us} ${row.depth}`}
              row={row}
              line={lines[at] ?? ""}
              beforeUs={rows[at - 1]?.time_us}
              isEntry={entered.has(at)}
            />
          ))}
        </ul>
      )}
    </Card>
  );
}

type RowProps = { row: TreeRow; line: string; beforeUs: number | undefined; isEntry: boolean };

function Row({ row, line, beforeUs, isEntry }: RowProps): ReactElement {
  const text = useText();
  const language = useLanguage();
  const ids = [`${text.alert.pid} ${row.pid}`];
  if (row.uid !== undefined) ids.push(`${text.alert.uid} ${row.uid}`);
  if (row.ended_us !== undefined && row.time_us !== undefined && row.ended_us >= row.time_us) {
    ids.push(text.alert.lived(duration(row.ended_us - row.time_us, language)));
  }
  const command = row.cmdline === "" ? row.name : row.cmdline;
  return (
    <li className={row.subject ? "subject" : undefined} aria-current={row.subject ? "true" : undefined}>
      <time title={row.time_us === undefined ? undefined : fullTime(row.time_us, language)}>
        {row.time_us === undefined ? "" : rowTime(row.time_us, beforeUs, language)}
      </time>
      <span className="process">
        <span className="lines" aria-hidden="true">
          {line}
        </span>
        <span className="command-line" title={row.exe_path === undefined ? undefined : visibleString(row.exe_path)}>
          <LongText text={command} most={limits.treeCharsShown} /> <s>{ids.join(" · ")}</s>
          {isEntry && row.done_by !== undefined && <DoneByLine doneBy={row.done_by} />}
          {row.recorded !== undefined && <RecordedEvents events={row.recorded} />}
        </span>
      </span>
      <span className="marks">
        <Marks row={row} />
      </span>
    </li>
  );
}

/** The rows with which a session begins: what hangs under them has the same user, and needs not say so. */
function sessionStarts(rows: readonly TreeRow[]): Set<number> {
  const starts = new Set<number>();
  const above: { depth: number; said: string }[] = [];
  for (const [at, { depth, done_by }] of rows.entries()) {
    while ((above.at(-1)?.depth ?? -1) >= depth) above.pop();
    const said = JSON.stringify(done_by ?? null);
    if (done_by !== undefined && above.at(-1)?.said !== said) starts.add(at);
    above.push({ depth, said });
  }
  return starts;
}

function Marks({ row }: { row: TreeRow }): ReactElement {
  const text = useText();
  const pick = usePick();
  const filters = useSearch({ from: "/signed-in/alerts/$alertId" });
  return (
    <>
      {row.subject && <span className="tag strong">{text.alert.subject}</span>}
      {row.origin === "added" && <span className="tag amber">{text.alert.added}</span>}
      {row.origin === "memory" && <span className="tag amber">{text.alert.memory}</span>}
      {row.alerts?.map(({ alert_id, title }) => (
        <Link
          key={alert_id}
          to="/alerts/$alertId"
          params={{ alertId: alert_id }}
          search={filters}
          className="tag red"
          title={visibleString(pick(title))}
        >
          {visibleString(pick(title))}
        </Link>
      ))}
    </>
  );
}
