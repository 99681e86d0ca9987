import type { InventoryEvent, InventoryKind } from "@atalaya/wire/framing";
import { field, list, type Open, part, text } from "./fields.ts";
import { kindPlans } from "./kinds.ts";
import { inventoryLimits } from "./limits.ts";
import { serviceAccountOf } from "./workload-facts.ts";

export type ObjectRow = Pick<
  InventoryEvent,
  | "kind"
  | "uid"
  | "resource_version"
  | "k8s_namespace"
  | "object_name"
  | "owner_kind"
  | "owner_name"
  | "owner_uid"
  | "created_us"
  | "node_name"
  | "service_account"
  | "labels"
  | "facts"
> & { uid: string; facts: string };

/** What is kept of an object; undefined where it has no name or uid. `cut` is called by name where something was left out. */
export function rowOfObject(kind: InventoryKind, object: unknown, cut: (name: string) => void): ObjectRow | undefined {
  const metadata = part(object, "metadata");
  const [uid, name] = [text(metadata, "uid"), text(metadata, "name")];
  if (uid === undefined || name === undefined) return undefined;
  const owner = list(metadata, "ownerReferences").find((one) => field(one, "controller") === true);
  return {
    kind,
    uid,
    resource_version: text(metadata, "resourceVersion") ?? null,
    k8s_namespace: text(metadata, "namespace") ?? null,
    object_name: name,
    owner_kind: text(owner, "kind") ?? null,
    owner_name: text(owner, "name") ?? null,
    owner_uid: text(owner, "uid") ?? null,
    created_us: microseconds(text(metadata, "creationTimestamp")),
    node_name: (kind === "Pod" ? text(part(object, "spec"), "nodeName") : undefined) ?? null,
    service_account: serviceAccountOf(kind, object) ?? null,
    labels: labelsOf(metadata, cut),
    facts: factsOf(kindPlans[kind].facts(object), cut),
  };
}

function labelsOf(metadata: Open, cut: (name: string) => void): string[] {
  const labels = Object.entries(part(metadata, "labels")).filter(([, value]) => typeof value === "string");
  if (labels.length > inventoryLimits.labelsMax) cut("labels_cut");
  const kept = labels.slice(0, inventoryLimits.labelsMax);
  return kept.map(([key, value]) => `${key}=${value}`.slice(0, inventoryLimits.valueCharsMax));
}

function factsOf(facts: Open, cut: (name: string) => void): string {
  const json = JSON.stringify(facts);
  if (Buffer.byteLength(json) <= inventoryLimits.factsBytesMax) return json;
  cut("facts_cut");
  // What alerts need of an object: which images ran.
  const fewer = JSON.stringify({ containers: facts["containers"] ?? [], cut: true });
  return Buffer.byteLength(fewer) <= inventoryLimits.factsBytesMax ? fewer : '{"cut":true}';
}

function microseconds(time: string | undefined): number | null {
  const ms = Date.parse(time ?? "");
  return Number.isNaN(ms) || ms < 0 ? null : ms * 1_000;
}
