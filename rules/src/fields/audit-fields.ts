import type { ApiEvent } from "@atalaya/wire";
import type { EventView, FieldValue, Read } from "../event-view.ts";
import { nanoseconds } from "./event-fields.ts";
import { auditField, boundField, type Field } from "./field.ts";
import { atPath, jsonText, pointerSteps } from "./json-value.ts";
import { uriParameter } from "./uri-query.ts";

// `ka.*` of Falco's plugin k8saudit and `jevt.*` of its plugin json. What an event has as a column is read there, so
// that most events are decided without parsing the record.

const inRecord =
  (...path: string[]) =>
  (_event: ApiEvent, view: EventView): FieldValue =>
    jsonText(atPath(view.record(), path));

function listOf(value: unknown): FieldValue {
  if (!Array.isArray(value) || value.length === 0) return undefined;
  return value.map(jsonText).filter((text) => text !== undefined);
}

const listInRecord =
  (...path: string[]) =>
  (_event: ApiEvent, view: EventView): FieldValue =>
    listOf(atPath(view.record(), path));

/** All values of one key over a role's rules. */
const inRoleRules = (key: string): Field =>
  boundField(
    "k8s_audit",
    `ka.req.role.rules.${key}`,
    "string",
    (index) => (view) => {
      const rules = atPath(view.record(), ["requestObject", "rules"]);
      if (!Array.isArray(rules)) return undefined;
      const chosen: unknown[] = index === undefined ? rules : rules.slice(Number(index), Number(index) + 1);
      return listOf(chosen.flatMap((rule) => atPath(rule, [key]) ?? []));
    },
    { shape: "list", argument: "index", classes: ["api"] },
  );

const parameterOf =
  (name: string | undefined): Read =>
  (view) => {
    const uri = jsonText(atPath(view.record(), ["requestURI"]));
    return uri === undefined ? undefined : uriParameter(uri, name ?? "");
  };

/** `jevt.value[/stage]`, which nearly every rule asks for, is a column. */
function jsonPointer(pointer: string | undefined): Read {
  if (pointer === "/stage") return (view) => (view.event as ApiEvent).stage ?? undefined;
  if (pointer === "/verb") return (view) => (view.event as ApiEvent).verb ?? undefined;
  const steps = pointerSteps(pointer ?? "") ?? [];
  return (view) => jsonText(atPath(view.record(), steps));
}

const list = { shape: "list" } as const;
const codeText = (event: ApiEvent): string | null =>
  event.response_code === null ? null : String(event.response_code);

const wholeRecord = (event: ApiEvent): string | null => event.record;

const jsonFields = ["jevt", "json"].flatMap((prefix) => [
  boundField("k8s_audit", `${prefix}.value`, "string", jsonPointer, {
    argument: "key",
    argumentRequired: true,
    classes: ["api"],
  }),
  auditField(`${prefix}.rawtime`, (event) => nanoseconds(event.time_us)),
  auditField(`${prefix}.obj`, wholeRecord),
]);

export const auditFields: readonly Field[] = [
  ...jsonFields,
  auditField("ka.auditid", (event) => event.audit_id),
  auditField("ka.stage", (event) => event.stage),
  auditField("ka.level", inRecord("level")),
  auditField("ka.auth.decision", inRecord("annotations", "authorization.k8s.io/decision")),
  auditField("ka.auth.reason", inRecord("annotations", "authorization.k8s.io/reason")),
  auditField("ka.auth.openshift.decision", inRecord("annotations", "authentication.openshift.io/decision")),
  auditField("ka.auth.openshift.username", inRecord("annotations", "authentication.openshift.io/username")),
  auditField(
    "ka.validations.admission.policy.failure",
    inRecord("annotations", "validation.policy.admission.k8s.io/validation_failure"),
  ),
  auditField("ka.cluster.name", inRecord("annotations", "cluster_name")),
  auditField("ka.user.name", (event) => event.user_name),
  auditField("ka.user.groups", listInRecord("user", "groups"), list),
  auditField("ka.impuser.name", inRecord("impersonatedUser", "username")),
  auditField("ka.verb", (event) => event.verb),
  auditField("ka.uri", inRecord("requestURI")),
  boundField("k8s_audit", "ka.uri.param", "string", parameterOf, {
    argument: "key",
    argumentRequired: true,
    classes: ["api"],
  }),
  auditField("ka.target.name", (event) => event.object_name),
  auditField("ka.target.namespace", (event) => event.k8s_namespace),
  auditField("ka.target.resource", (event) => event.resource),
  auditField("ka.target.subresource", (event) => event.subresource),
  auditField("ka.target.api_group", (event) => event.api_group),
  auditField("ka.target.pod.name", (event) => (event.resource === "pods" ? event.object_name : null)),
  auditField("ka.req.binding.subjects", listInRecord("requestObject", "subjects"), list),
  auditField("ka.req.binding.role", inRecord("requestObject", "roleRef", "name")),
  boundField("k8s_audit", "ka.req.binding.subject.has_name", "string", () => () => "true", {
    argument: "key",
    argumentRequired: true,
    classes: ["api"],
  }),
  auditField("ka.req.configmap.name", (event) => event.object_name),
  auditField("ka.req.configmap.obj", inRecord("requestObject", "data")),
  auditField("ka.req.role.rules", listInRecord("requestObject", "rules"), list),
  inRoleRules("apiGroups"),
  inRoleRules("nonResourceURLs"),
  inRoleRules("verbs"),
  inRoleRules("resources"),
  auditField("ka.req.service.type", inRecord("requestObject", "spec", "type")),
  boundField(
    "k8s_audit",
    "ka.req.service.ports",
    "string",
    (index) => (view) => {
      const ports = atPath(view.record(), ["requestObject", "spec", "ports"]);
      if (!Array.isArray(ports)) return undefined;
      return listOf(index === undefined ? ports : ports.slice(Number(index), Number(index) + 1));
    },
    { shape: "list", argument: "index", classes: ["api"] },
  ),
  auditField("ka.resp.name", inRecord("responseObject", "metadata", "name")),
  auditField("ka.response.code", codeText),
  auditField("ka.response.reason", inRecord("responseStatus", "reason")),
  auditField("ka.useragent", (event) => event.user_agent),
  // Falco looks for the addresses in the wrong place and never finds them.
  auditField("ka.sourceips", (event) => event.source_ips, list),
];
