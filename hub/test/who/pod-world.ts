import assert from "node:assert/strict";
import { auditEventsFromList } from "@atalaya/audit";
import { type ApiEvent, blankEvent, type DoneBy, type ProcessEvent, type SensorEvent } from "@atalaya/wire";
import { processEvent, type TestHub } from "../core/hub-fixture.ts";

export type AuditOf = {
  user: string;
  stage?: "ResponseStarted" | "ResponseComplete";
  /** Seconds of the epoch: of the request, and of this stage. */
  receivedS: number;
  stageS?: number;
  query?: string;
  subresource?: string;
  verb?: string;
  code?: number;
  auditID?: string;
  requestObject?: unknown;
  pod?: string;
};

const micro = (s: number): string => {
  const us = Math.round(s * 1e6);
  const whole = new Date(Math.floor(us / 1e6) * 1_000).toISOString().slice(0, 19);
  return `${whole}.${String(us % 1e6).padStart(6, "0")}Z`;
};

/** A record as an API server writes it, read the way that the hub reads it. */
export function auditRecord(of: AuditOf): ApiEvent {
  const { user, receivedS, subresource = "exec", query = "container=web&command=bash", pod = "web-0" } = of;
  const record = {
    kind: "Event",
    apiVersion: "audit.k8s.io/v1",
    level: "Request",
    auditID: of.auditID ?? `audit-${user}-${receivedS}`,
    stage: of.stage ?? "ResponseStarted",
    requestURI: `/api/v1/namespaces/shop/pods/${pod}/${subresource}?${query}`,
    verb: of.verb ?? "create",
    user: { username: user, groups: ["developers", "system:authenticated"] },
    sourceIPs: ["198.51.100.7"],
    userAgent: "kubectl/v1.34.4",
    objectRef: { resource: "pods", namespace: "shop", name: pod, apiVersion: "v1", subresource },
    responseStatus: { metadata: {}, code: of.code ?? 101 },
    requestObject: of.requestObject,
    requestReceivedTimestamp: micro(receivedS),
    stageTimestamp: micro(of.stageS ?? receivedS),
  };
  const [event] = auditEventsFromList({ kind: "EventList", apiVersion: "audit.k8s.io/v1", items: [record] }).events;
  if (event === undefined) throw new Error("the record is none that counts");
  return event;
}

const podColumns: Partial<ProcessEvent> = {
  container_id: "c0ffee",
  container_name: "web",
  k8s_namespace: "shop",
  k8s_pod: "web-0",
  ns_pid: 30,
};

/** The first program of a session in the pod; its parent is on the host. */
export function entered(pid: number, atS: number, argv: string[], of: Partial<ProcessEvent> = {}): ProcessEvent {
  const own = { pid, start_us: pid * 1_000, entry_pid: pid, entry_start_us: pid * 1_000 };
  const program = {
    name: argv[0] ?? "",
    exe_path: `/bin/${argv[0]}`,
    filename: argv[0] ?? "",
    interpreter: argv[0] ?? "",
  };
  return processEvent({ ...podColumns, ...own, ...program, argv, time_us: Math.round(atS * 1e6), ...of });
}

/** What that process starts: a program for which the test's rule fires. */
export function evilChild(pid: number, of: number, atS: number, given: Partial<ProcessEvent> = {}): ProcessEvent {
  const line = { ppid: of, parent_start_us: of * 1_000, entry_pid: of, entry_start_us: of * 1_000 };
  const ancestors = {
    ancestor_pids: [of, 10],
    ancestor_starts_us: [of * 1_000, 1_000],
    ancestor_names: ["bash", "shim"],
    ancestor_exe_paths: ["/bin/bash", "/bin/shim"],
    ancestor_cmdlines: ["bash", "shim"],
  };
  const program = { name: "evil", exe_path: "/tmp/evil", argv: ["evil", String(pid)] };
  const own = { pid, start_us: pid * 1_000, time_us: Math.round(atS * 1e6) };
  return processEvent({ ...podColumns, ...line, ...ancestors, ...program, ...own, ...given });
}

/** The sensor's report of that second: its node has been heard so far. */
export function reportAt(s: number): SensorEvent {
  return { ...blankEvent("sensor"), activity: "report", time_us: Math.round(s * 1e6), report: "{}" };
}

/** What is said, in a line each. */
export const said = (some: readonly DoneBy[] | undefined) =>
  (some ?? []).map(({ how, certainty, sessions, reason }) => {
    return `${how} ${certainty} ${sessions.map(({ user }) => user).join(",")} (${reason})`;
  });

export async function onlyAlert({ hub }: Pick<TestHub, "hub">) {
  const { alerts } = await hub.alertPage("main", {});
  assert.equal(alerts.length, 1);
  const alert = await hub.alert("main", alerts[0]?.alert_id ?? "");
  assert.ok(alert !== undefined);
  return { summary: alerts[0], alert };
}
