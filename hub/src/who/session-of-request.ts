import { createHash } from "node:crypto";
import type { ApiEvent, PodSession } from "@atalaya/wire";
import { whoLimits } from "./limits.ts";
import type { Session } from "./session.ts";

// What an audit record says of a session into a pod. The API server writes two: ResponseStarted when the connection is
// upgraded (code 101), ResponseComplete when it ends. `kubectl debug` patches pods/ephemeralcontainers with the container
// that it adds (its name is in the request's body, level Request), and then attaches.

type Json = { [key: string]: unknown };

const kinds: Readonly<Record<string, PodSession["kind"]>> = {
  exec: "exec",
  attach: "attach",
  portforward: "port-forward",
  ephemeralcontainers: "debug",
};

/** The sessions of a record that succeeded: none for most records, one for each container that a `debug` adds. */
export function sessionsOfRequest(event: ApiEvent): Session[] {
  const kind = Object.hasOwn(kinds, event.subresource ?? "") ? kinds[event.subresource ?? ""] : undefined;
  if (kind === undefined || event.resource !== "pods" || event.record === null) return [];
  if (event.k8s_namespace === null || event.object_name === null) return [];
  const record = parsed(event.record);
  if (record === undefined) return [];
  if (kind === "debug") return debugSessions(event, record);
  if (event.response_code !== 101 && event.response_code !== 200) return [];
  const params = paramsOf(record["requestURI"]);
  const container = params.get("container");
  const command = kind === "exec" ? params.getAll("command") : [];
  return [sessionOf(event, record, { kind, container, command: command.length > 0 ? command : null })];
}

function debugSessions(event: ApiEvent, record: Json): Session[] {
  const code = event.response_code ?? 0;
  if (event.verb !== "patch" && event.verb !== "update") return [];
  if (event.stage !== "ResponseComplete" || code < 200 || code >= 300) return [];
  const spec = jsonOf(jsonOf(record["requestObject"])["spec"]);
  const containers = Array.isArray(spec["ephemeralContainers"]) ? spec["ephemeralContainers"] : [];
  return containers.slice(0, whoLimits.namedMax).flatMap((one: unknown) => {
    const { name, image } = jsonOf(one);
    // A patch names containers that are there already to keep their order: without an image.
    if (typeof name !== "string" || typeof image !== "string") return [];
    return [sessionOf(event, record, { kind: "debug", container: name, command: null })];
  });
}

type Facts = { kind: PodSession["kind"]; container: string | null; command: string[] | null };

function sessionOf(event: ApiEvent, record: Json, { kind, container, command }: Facts): Session {
  const stageUs = event.time_us ?? 0;
  const receivedUs = timeOf(record["requestReceivedTimestamp"]) ?? stageUs;
  const shown = command?.slice(0, whoLimits.commandArgumentsMax).map(argument) ?? null;
  const told = toldOf(event, record, { kind, container, command: shown }, receivedUs);
  const isStart = event.stage === "ResponseStarted";
  return {
    id: idOf([told.audit_id, told.user, kind, event.object_name ?? "", container ?? "", String(receivedUs)]),
    kind,
    namespace: event.k8s_namespace ?? "",
    pod: event.object_name ?? "",
    container: told.container ?? null,
    command: shown,
    receivedUs,
    startedUs: isStart ? stageUs : kind === "debug" ? receivedUs : null,
    endedUs: isStart || kind === "debug" ? null : stageUs,
    told,
  };
}

function toldOf(event: ApiEvent, record: Json, { kind, container, command }: Facts, receivedUs: number): PodSession {
  const { groupsMax, addressesMax } = whoLimits;
  const told: PodSession = {
    kind,
    user: text(event.user_name ?? ""),
    groups: texts(jsonOf(record["user"])["groups"]).slice(0, groupsMax),
    source_ips: texts(event.source_ips).slice(0, addressesMax),
    audit_id: text(event.audit_id ?? ""),
    received_us: receivedUs,
  };
  const actingAs = jsonOf(record["impersonatedUser"])["username"];
  if (event.user_agent !== null) told.user_agent = text(event.user_agent);
  if (typeof actingAs === "string") told.acting_as = text(actingAs);
  if (container !== null) told.container = text(container);
  if (command !== null) told.command = command;
  return told;
}

/** Both records of a request have these in common; the audit id alone is chosen by the client. */
function idOf(parts: readonly string[]): string {
  return createHash("sha256").update(JSON.stringify(parts)).digest("base64url").slice(0, 22);
}

function paramsOf(uri: unknown): URLSearchParams {
  const mark = typeof uri === "string" ? uri.indexOf("?") : -1;
  return new URLSearchParams(mark < 0 ? "" : (uri as string).slice(mark + 1));
}

function argument(one: string): string {
  return one.length <= whoLimits.argumentCharsMax ? one : `${one.slice(0, whoLimits.argumentCharsMax - 1)}…`;
}

const text = (of: string): string => of.slice(0, whoLimits.textCharsMax);

function texts(of: unknown): string[] {
  return Array.isArray(of) ? of.filter((one): one is string => typeof one === "string").map(text) : [];
}

function jsonOf(value: unknown): Json {
  return typeof value === "object" && value !== null && !Array.isArray(value) ? (value as Json) : {};
}

function parsed(record: string): Json | undefined {
  try {
    return jsonOf(JSON.parse(record));
  } catch {
    // A record that is not JSON was refused at the edge.
    return undefined;
  }
}

/** metav1.MicroTime; Date alone would cut it to milliseconds. */
function timeOf(value: unknown): number | undefined {
  const parts = typeof value === "string" ? /^([^.]{10,40})\.(\d{6})(Z|[+-]\d{2}:\d{2})$/.exec(value) : null;
  if (parts === null) return undefined;
  const wholeMs = Date.parse(`${parts[1]}${parts[3]}`);
  return Number.isNaN(wholeMs) ? undefined : wholeMs * 1_000 + Number(parts[2]);
}
