import { type AlertSummary, alertSummarySchema, type Sensor, sensorSchema } from "@atalaya/wire/api";
import { useSyncExternalStore } from "react";
import { limits } from "../limits.ts";
import { queryClient, sessionQuery } from "./queries.ts";

export type StreamState = "connecting" | "live" | "lost";
type Listener = (alert: AlertSummary) => void;

let state: StreamState = "connecting";
const stateListeners = new Set<() => void>();
const alertListeners = new Set<Listener>();

/** How the stream is, for the banner and the line at the top right. */
export function useStreamState(): StreamState {
  return useSyncExternalStore(subscribeState, () => state);
}

/** Calls `listener` with every alert that is raised or changes; returns the way to stop. */
export function onAlert(listener: Listener): () => void {
  alertListeners.add(listener);
  return () => void alertListeners.delete(listener);
}

/**
 * Opens the stream and keeps it open until the returned function is called. The browser itself resumes by
 * Last-Event-ID after a broken connection; after a refusal it gives up, so a new one is opened here with growing pauses,
 * and what was missed meanwhile is fetched again.
 */
export function followStream(): () => void {
  let source: EventSource | undefined;
  let timer: ReturnType<typeof setTimeout> | undefined;
  let failures = 0;
  let stopped = false;
  let wasLost = false;

  const open = () => {
    if (stopped) return;
    source = new EventSource("/api/v1/stream?topics=alerts,sensors");
    source.onopen = () => {
      failures = 0;
      setState("live");
      if (wasLost) void queryClient.invalidateQueries({ predicate: (query) => query.queryKey[0] !== "session" });
      wasLost = false;
    };
    source.onerror = () => {
      wasLost = true;
      setState("lost");
      if (source?.readyState === EventSource.CLOSED) retry();
    };
    source.addEventListener("alert", (event) => takeAlert(event.data));
    source.addEventListener("sensor", (event) => takeSensor(event.data));
  };
  const retry = () => {
    source?.close();
    // Is it the session that ended? Then the query fails with 401 and the page asks to sign in.
    void queryClient.invalidateQueries({ queryKey: sessionQuery.queryKey });
    const pauses = limits.streamRetryMs;
    timer = setTimeout(open, pauses[Math.min(failures++, pauses.length - 1)] ?? 10_000);
  };

  open();
  return () => {
    stopped = true;
    clearTimeout(timer);
    source?.close();
    setState("connecting");
  };
}

function takeAlert(data: unknown): void {
  const parsed = alertSummarySchema.safeParse(parse(data));
  if (!parsed.success) return;
  for (const listener of alertListeners) listener(parsed.data);
}

function takeSensor(data: unknown): void {
  const parsed = sensorSchema.safeParse(parse(data));
  if (!parsed.success) return;
  const sensor = parsed.data;
  queryClient.setQueryData<Sensor[]>(["sensors"], (known) => {
    if (known === undefined) return known;
    const others = known.filter((one) => one.sensor_id !== sensor.sensor_id);
    return [...others, sensor].sort((a, b) => a.node.localeCompare(b.node));
  });
}

function parse(data: unknown): unknown {
  try {
    return typeof data === "string" ? JSON.parse(data) : undefined;
  } catch {
    return undefined;
  }
}

function setState(next: StreamState): void {
  if (state === next) return;
  state = next;
  for (const listener of stateListeners) listener();
}

function subscribeState(listener: () => void): () => void {
  stateListeners.add(listener);
  return () => void stateListeners.delete(listener);
}
