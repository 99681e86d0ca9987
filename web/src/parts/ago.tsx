import { type ReactElement, useSyncExternalStore } from "react";
import type { Dictionary } from "../text/en.ts";
import { fullTime } from "../text/format.ts";
import { useLanguage, useText } from "../text/language.ts";

// One clock for all: it ticks once a second while somebody shows a time and the page is in view.
let now = Date.now();
const listeners = new Set<() => void>();
let timer: ReturnType<typeof setInterval> | undefined;

function subscribe(listener: () => void): () => void {
  listeners.add(listener);
  timer ??= setInterval(tick, 1_000);
  return () => {
    listeners.delete(listener);
    if (listeners.size > 0) return;
    clearInterval(timer);
    timer = undefined;
  };
}

function tick(): void {
  if (document.hidden) return;
  now = Date.now();
  for (const listener of listeners) listener();
}

/** "4 s ago", kept true; the whole time is in its title. */
export function Ago({ us }: { us: number }): ReactElement {
  const text = useText();
  const language = useLanguage();
  const shown = useSyncExternalStore(subscribe, () => agoText(us, now, text));
  return (
    <time dateTime={new Date(us / 1000).toISOString()} title={fullTime(us, language)}>
      {shown}
    </time>
  );
}

/** How long ago `us` is, in words; a time in the future (another clock) is "now". */
export function agoText(us: number, nowMs: number, text: Dictionary): string {
  const seconds = Math.floor((nowMs * 1000 - us) / 1_000_000);
  if (seconds < 1) return text.time.now;
  if (seconds < 60) return text.time.seconds(seconds);
  if (seconds < 3_600) return text.time.minutes(Math.floor(seconds / 60));
  if (seconds < 86_400) return text.time.hours(Math.floor(seconds / 3_600));
  return text.time.days(Math.floor(seconds / 86_400));
}
