import type { Match } from "@atalaya/rules";
import {
  type Alert,
  type AlertSummary,
  type AlertWhere,
  type AlertWho,
  type ApiEvent,
  type AtalayaEvent,
  eventToJson,
  type SyscallEvent,
  type Text,
} from "@atalaya/wire";
import { attackFromTags, severityOfPriority } from "./rule-text.ts";
import { searchable } from "./searchable.ts";
import { podOfToken } from "./token-pod.ts";
import { type TreeSeed, treeSeed } from "./tree-seed.ts";

/** Where an event came from, as its sender's credential and its frame say. */
export type EventOrigin = { cluster: string; node: string; bootId: string; receivedUs: number };

/** The parts of a summary that never change. */
export type FixedSummary = Pick<
  AlertSummary,
  "source" | "title" | "summary" | "priority" | "where" | "attack" | "tags"
>;
/** What only an alert's own page shows, without evidence, comments and the tree, which are read from tables. */
export type AlertDocument = Omit<Alert, keyof AlertSummary | "process_tree" | "evidence" | "comments"> & {
  tree: TreeSeed | undefined;
};
/** An alert as the first match makes it. */
export type AlertDraft = {
  summary: FixedSummary;
  severity: AlertSummary["severity"];
  document: AlertDocument;
  searchText: string;
};

const loginUidUnset = 4_294_967_295;

/** Renders the rule's texts against the event. Rules of Falco's format have no texts: name, output and priority serve. */
export function draftAlert(match: Match, event: AtalayaEvent, origin: EventOrigin): AlertDraft {
  const { rule } = match;
  const { alert } = rule;
  const both = (text: Text): Text => ({ en: match.render(text.en), es: match.render(text.es) });
  const plain = (text: string): Text => ({ en: text, es: text });
  const summary: FixedSummary = {
    source: rule.source,
    title: alert ? both(alert.title) : plain(rule.name),
    summary: alert ? both(alert.summary) : plain(match.output),
    priority: rule.priority,
    where: whereOf(event, origin),
    attack: alert?.attack ?? attackFromTags(rule.tags),
    tags: rule.tags,
  };
  const document: AlertDocument = {
    description: alert ? both(alert.description) : plain(rule.description),
    triage: applicable((alert?.triage ?? []).map(({ en, es }) => ({ en: step(match, en), es: step(match, es) }))),
    blind_spots: alert?.blind_spots ?? [],
    who: whoOf(event),
    why: match.why(),
    rule_file: rule.file,
    rule_line: rule.line,
    condition: rule.condition,
    output: match.output,
    output_fields: match.outputFields,
    raw: rawOf(event),
    tree: treeSeed(event, origin),
  };
  const severity = alert?.severity ?? severityOfPriority(rule.priority);
  return { summary, severity, document, searchText: searchTextOf(rule.name, summary, match.output) };
}

/** Raw audit records are analysed and not stored: the evidence is in the output's fields. */
function rawOf(event: AtalayaEvent): Record<string, unknown> {
  const raw = eventToJson(event);
  if (event.class === "api") delete raw["record"];
  return raw;
}

function searchTextOf(rule: string, summary: FixedSummary, output: string): string {
  const { title, summary: sentence, where } = summary;
  const places = Object.values(where).filter((value) => typeof value === "string");
  return searchable([title.en, title.es, sentence.en, sentence.es, rule, output, ...places].join("\n"));
}

function whereOf(event: AtalayaEvent, origin: EventOrigin): AlertWhere {
  if (event.class === "sensor") return present<AlertWhere>({ cluster: origin.cluster, node: origin.node });
  if (event.class === "api") return present<AlertWhere>(whereOfRequest(event, origin));
  return present<AlertWhere>({
    cluster: origin.cluster,
    node: origin.node,
    namespace: event.k8s_namespace,
    pod: event.k8s_pod,
    pod_uid: event.k8s_pod_uid,
    container_id: event.container_id,
    container_name: event.container_name,
    container_runtime: event.container_runtime,
    container_bundle: event.container_bundle,
    image: event.container_image,
    reason: event.container_reason,
  });
}

function whereOfRequest(event: ApiEvent, origin: EventOrigin): Record<string, string | null> {
  const parts = [event.resource, event.subresource].filter((part) => part !== null && part !== "");
  // What is asked of no namespace (one's own rights, nodes) happened where the asker is.
  const asker = event.k8s_namespace ? undefined : podOfToken(event);
  return {
    cluster: origin.cluster,
    namespace: event.k8s_namespace ?? asker?.namespace ?? null,
    pod: event.resource === "pods" ? event.object_name : (asker?.pod ?? null),
    pod_uid: event.resource === "pods" ? null : (asker?.pod_uid ?? null),
    resource: parts.length > 0 ? parts.join("/") : null,
    object_name: event.object_name,
  };
}

function whoOf(event: AtalayaEvent): AlertWho {
  if (event.class === "sensor") return {};
  if (event.class === "api") return whoAsked(event);
  const loginUid = event.login_uid === loginUidUnset ? null : event.login_uid;
  return present<AlertWho>({ uid: event.uid, user: (event as SyscallEvent).user_name, login_uid: loginUid });
}

function whoAsked(event: ApiEvent): AlertWho {
  return present<AlertWho>({
    user: event.user_name,
    groups: groupsOf(event.record),
    source_ips: event.source_ips,
    user_agent: event.user_agent,
  });
}

function groupsOf(record: string | null): string[] | null {
  if (record === null) return null;
  try {
    const user = (JSON.parse(record) as { user?: { groups?: unknown } | null } | null)?.user;
    return Array.isArray(user?.groups) ? user.groups.filter((group) => typeof group === "string").slice(0, 64) : null;
  } catch {
    // A record that is not JSON was refused at the edge; one that slipped through has no groups.
    return null;
  }
}

/** Leaves out what is not known. */
function present<T extends object>(fields: { [K in keyof T]?: unknown }): T {
  return Object.fromEntries(
    Object.entries(fields).filter(([, value]) => value !== null && value !== undefined && value !== ""),
  ) as T;
}

/** A step whose command names a pod that this event has none of helps nobody; when all are such, they stay. */
function applicable(steps: Text[]): Text[] {
  const whole = steps.filter((step) => !step.en.includes("<NA>"));
  return whole.length > 0 ? whole : steps;
}

/** Steps hold commands that people paste, and values come from attackers: what a shell could read otherwise is quoted. */
function step(match: Match, text: string): string {
  return text.replace(/%[a-z0-9_.]+(\[[^\]]*\])?/gi, (token) => shellQuoted(match.render(token)));
}

export function shellQuoted(value: string): string {
  return /^[\w@%+=:,./-]*$/.test(value) || value === "<NA>" ? value : `'${value.replaceAll("'", "'\\''")}'`;
}
