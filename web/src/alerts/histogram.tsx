import { type AlertPage, type Severity, severities } from "@atalaya/wire/api";
import { Tooltip } from "@mantine/core";
import { type KeyboardEvent, type ReactElement, useMemo } from "react";
import { minuteTime } from "../text/format.ts";
import { useLanguage, useText } from "../text/language.ts";
import type { AlertFilters } from "./alert-filters.ts";

type Bar = { timeUs: number; total: number; parts: [Severity, number][] };
type Props = { page: AlertPage | undefined; filters: AlertFilters; setFilters: (next: AlertFilters) => void };

const minuteUs = 60_000_000;
const height = 40;
const barsLeast = 4;

/** Alerts a minute over the last hour; a bar leads to the alerts of that minute. */
export function Histogram({ page, filters, setFilters }: Props): ReactElement {
  const text = useText();
  const language = useLanguage();
  const bars = useMemo(() => barsOf(page?.histogram ?? []), [page]);
  // A single alert is a low bar, not a wall.
  const most = Math.max(barsLeast, ...bars.map((bar) => bar.total));
  const sum = bars.reduce((total, bar) => total + bar.total, 0);
  // One stop for the tabulator; the arrows move among the bars.
  const lastBar = bars.findLast((bar) => bar.total > 0);
  const ticks = [0, 15, 30, 45].map((at) => bars[at]).filter((bar) => bar !== undefined);
  return (
    <section className="panel histogram" aria-label={text.alerts.histogram}>
      <div className="spark">
        {bars.map((bar) => {
          const label = text.alerts.histogramBar(minuteTime(bar.timeUs, language), bar.total);
          if (bar.total === 0) return <i key={bar.timeUs} />;
          return (
            <Tooltip key={bar.timeUs} label={label}>
              <button
                type="button"
                aria-label={label}
                tabIndex={bar === lastBar ? 0 : -1}
                onKeyDown={moveAmongBars}
                className={filters.since_us === String(bar.timeUs) ? "on" : undefined}
                onClick={() =>
                  setFilters({ ...filters, since_us: String(bar.timeUs), until_us: String(bar.timeUs + minuteUs) })
                }
              >
                {bar.parts.map(([severity, count]) => (
                  <b
                    key={severity}
                    className={`s-${severity}`}
                    style={{ height: Math.max(3, (count / most) * height) }}
                  />
                ))}
              </button>
            </Tooltip>
          );
        })}
      </div>
      <div className="axis" aria-hidden="true">
        {ticks.map((bar) => (
          <span key={bar.timeUs}>{minuteTime(bar.timeUs, language)}</span>
        ))}
        <span>
          {page !== undefined && <b>{text.alerts.lastHour(sum)}</b>} {text.time.now}
        </span>
      </div>
    </section>
  );
}

function moveAmongBars(event: KeyboardEvent<HTMLButtonElement>): void {
  const step = event.key === "ArrowLeft" ? -1 : event.key === "ArrowRight" ? 1 : 0;
  if (step === 0) return;
  const buttons = [...(event.currentTarget.parentElement?.querySelectorAll("button") ?? [])];
  buttons[buttons.indexOf(event.currentTarget) + step]?.focus();
  event.preventDefault();
}

/** Sixty minutes, also where the hub leaves out those without alerts. */
function barsOf(histogram: AlertPage["histogram"]): Bar[] {
  const known = new Map(histogram.map((one) => [Math.floor(one.time_us / minuteUs), one.severity]));
  const last = Math.max(Math.floor((Date.now() * 1000) / minuteUs), ...known.keys());
  return Array.from({ length: 60 }, (_, at) => {
    const minute = last - 59 + at;
    const counts = known.get(minute) ?? {};
    // The least severe is drawn at the foot, the worst on top.
    const parts = severities
      .map((severity): [Severity, number] => [severity, counts[severity] ?? 0])
      .filter(([, count]) => count > 0);
    return { timeUs: minute * minuteUs, total: parts.reduce((sum, [, count]) => sum + count, 0), parts };
  });
}
