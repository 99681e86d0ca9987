import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import type { ReactElement } from "react";
import { statusQuery } from "../api/queries.ts";
import { useStreamState } from "../api/stream.ts";
import { duration, number } from "../text/format.ts";
import { useLanguage, useText } from "../text/language.ts";

/** Whether what the page shows can be trusted: live, how far behind, how many sensors, what was lost. */
export function TrustLine(): ReactElement {
  const text = useText();
  const language = useLanguage();
  const stream = useStreamState();
  const { data: status } = useQuery(statusQuery);
  const parts: string[] = [];
  if (status !== undefined) {
    if (status.behind_us > 0) parts.push(text.shell.behind(duration(status.behind_us, language)));
    parts.push(
      status.sensors_total === 0
        ? text.shell.noSensor
        : text.shell.sensorsOf(status.sensors_live, status.sensors_total),
    );
    parts.push(text.shell.lostEvents(number(status.lost_total, language)));
  }
  const well =
    stream === "live" &&
    (status === undefined ||
      (status.lost_total === 0 && status.sensors_total > 0 && status.sensors_live === status.sensors_total));
  const name = stream === "live" ? text.shell.live : stream === "lost" ? text.shell.lost : text.shell.connecting;
  return (
    <Link to="/sensors" className={`trust ${well ? "well" : "unwell"}`}>
      <span className="dot" aria-hidden="true" />
      <span className="trust-state" data-stream={stream}>
        {name}
      </span>
      {parts.map((part) => (
        <span key={part} className="trust-part">
          {part}
        </span>
      ))}
    </Link>
  );
}
