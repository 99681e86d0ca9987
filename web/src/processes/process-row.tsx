import type { FoundProcess } from "@atalaya/wire/api";
import { Link } from "@tanstack/react-router";
import type { ReactElement } from "react";
import { limits } from "../limits.ts";
import { LongText } from "../parts/long-text.tsx";
import { Plain } from "../parts/plain.tsx";
import { clockTime, duration, fullTime } from "../text/format.ts";
import { useLanguage, usePick, useText } from "../text/language.ts";
import type { ProcessFilters } from "./process-filters.ts";

type Props = { process: FoundProcess; filters: ProcessFilters; setFilters: (next: ProcessFilters) => void };

/** One program that ran: when, what, as whom, where, and the alerts that it gave. */
export function ProcessRow({ process, filters, setFilters }: Props): ReactElement {
  const text = useText();
  const language = useLanguage();
  const pick = usePick();
  const narrow = (name: keyof ProcessFilters, value: string, shown: string) => (
    <button
      type="button"
      className="text-button"
      title={text.processes.only}
      onClick={() => setFilters({ ...filters, [name]: value })}
    >
      <Plain text={shown} />
    </button>
  );
  const { container_id: container, ended_us: ended } = process;
  return (
    <li className="list-row process-found">
      <time className="soft" title={fullTime(process.time_us, language)}>
        {clockTime(process.time_us, language)}
      </time>
      <div>
        <p className="mono">
          <LongText text={process.cmdline === "" ? process.exe_path : process.cmdline} most={limits.treeCharsShown} />
        </p>
        <p className="soft">
          {narrow("name", process.name, process.name)} · <Plain text={process.exe_path} /> · pid {process.pid}
          {process.uid !== undefined && (
            <>
              {" · "}
              {narrow("uid", String(process.uid), `uid ${process.uid}`)}
            </>
          )}
          {" · "}
          {narrow("node", process.node, process.node)}
          {" · "}
          {container === ""
            ? text.processes.containerUnknown
            : narrow("container", container, container === "host" ? text.processes.onHost : container.slice(0, 12))}
          {" · "}
          {ended === undefined ? text.processes.noEnd : text.processes.ran(duration(ended - process.time_us, language))}
        </p>
        {process.alerts?.map((alert) => (
          <p key={alert.alert_id}>
            <Link to="/alerts/$alertId" params={{ alertId: alert.alert_id }}>
              <Plain text={pick(alert.title)} />
            </Link>
          </p>
        ))}
      </div>
      <span>
        {process.origin !== undefined && process.origin !== "image" && (
          <span className="tag amber">{text.processes.origin[process.origin]}</span>
        )}
      </span>
    </li>
  );
}
