import type { EventView, Read } from "../event-view.ts";
import { auditField, boundField, type Field } from "./field.ts";
import { atPath, childOf, jsonText, pointerSteps } from "./json-value.ts";

// `ka.object.*`, which Falco has not: the object as a request left it. A create or an update carries the whole object; a
// patch carries only what changes (JSON Patch: a list of operations), and the answer has the object. A client can ask for
// less of an answer (a Table, PartialObjectMetadata): then it does not tell, and `ka.object.known` is false.

const partial: readonly unknown[] = [
  "Status",
  "Table",
  "PartialObjectMetadata",
  "PartialObjectMetadataList",
  undefined,
];

const secrets: readonly unknown[] = ["Secret", "SecretList"];

function answered(view: EventView): unknown {
  const answer = atPath(view.record(), ["responseObject"]);
  return partial.includes(childOf(answer, "kind")) ? undefined : answer;
}

const asked = (view: EventView): unknown => atPath(view.record(), ["requestObject"]);
const verbOf = (view: EventView): unknown => atPath(view.record(), ["verb"]);
const isObject = (value: unknown): boolean => typeof value === "object" && value !== null && !Array.isArray(value);

/** The answer where it is the object, otherwise what was asked for. */
const became = (view: EventView): unknown => answered(view) ?? asked(view);

const isKnown = (view: EventView): boolean =>
  answered(view) !== undefined || (verbOf(view) !== "patch" && isObject(asked(view)));

/** A pod's own spec, and those of the templates: of workloads, of cron jobs, of pod templates. */
const specs: readonly (readonly string[])[] = [
  ["spec"],
  ["spec", "template", "spec"],
  ["spec", "jobTemplate", "spec", "template", "spec"],
  ["template", "spec"],
];

function containersOf(view: EventView, list: string): unknown[] {
  const object = became(view);
  return specs.flatMap((path) => {
    const containers = atPath(object, [...path, list]);
    return Array.isArray(containers) ? (containers as unknown[]) : [];
  });
}

function perContainer(list: string, name: string, path: readonly string[]): Field {
  const read: Read = (view) => {
    const values = containersOf(view, list).map((one) => jsonText(atPath(one, path)));
    const texts = values.filter((text) => text !== undefined);
    return texts.length === 0 ? undefined : texts;
  };
  return boundField("k8s_audit", `ka.object.pod.${list}.${name}`, "string", () => read, {
    ...{ shape: "list", classes: ["api"] },
  });
}

/**
 * Whether a request may change what is at `steps`: all but a patch that leaves it alone for sure, which is a JSON Patch with
 * other paths, or a merge patch without it. What names its own kind and version may be a server-side apply, which takes away
 * what its author once set and no longer names. The API server's JSON Patch ignores what stands before a path's first slash.
 */
function touches(view: EventView, steps: readonly string[]): boolean {
  if (verbOf(view) !== "patch") return true;
  const patch = asked(view);
  if (Array.isArray(patch)) return patch.some((operation) => operationTouches(operation, steps));
  // Who calls a patch a Secret has its contents redacted.
  if (!isObject(patch) || secrets.includes(childOf(patch, "kind"))) return true;
  if (childOf(patch, "kind") !== undefined && childOf(patch, "apiVersion") !== undefined) return true;
  let at: unknown = patch;
  for (const step of steps) {
    // `null` takes away all that is below; so may a directive of the strategic merge patch.
    if (!isObject(at) || Object.keys(at as object).some((key) => isDirectiveFor(key, step))) return true;
    if (!Object.hasOwn(at as object, step)) return false;
    at = childOf(at, step);
  }
  return true;
}

/** `$patch` and `$retainKeys` are about all that stands beside them, `$deleteFromPrimitiveList/x` about x. */
const isDirectiveFor = (key: string, step: string): boolean =>
  key === "$patch" || key === "$retainKeys" || (key.startsWith("$") && key.endsWith(`/${step}`));

function operationTouches(operation: unknown, steps: readonly string[]): boolean {
  const places = [childOf(operation, "path"), childOf(operation, "from")].filter((one) => one !== undefined);
  if (places.length === 0) return true;
  return places.some((place) => {
    const path = typeof place === "string" ? pointerSteps(place) : undefined;
    if (path === undefined) return true;
    const common = Math.min(path.length, steps.length);
    return path.slice(0, common).every((step, index) => step === steps[index]);
  });
}

const atPointer = { argument: "key", argumentRequired: true, classes: ["api"] } as const;

export const objectFields: readonly Field[] = [
  boundField(
    "k8s_audit",
    "ka.object.value",
    "string",
    (pointer) => {
      const steps = pointerSteps(pointer ?? "") ?? [];
      return (view) => jsonText(atPath(became(view), steps));
    },
    atPointer,
  ),
  auditField("ka.object.known", (_event, view) => String(isKnown(view))),
  boundField(
    "k8s_audit",
    "ka.object.touched",
    "string",
    (pointer) => {
      const steps = pointerSteps(pointer ?? "") ?? [];
      return (view) => String(touches(view, steps));
    },
    atPointer,
  ),
  ...["containers", "initContainers", "ephemeralContainers"].flatMap((list) => [
    perContainer(list, "privileged", ["securityContext", "privileged"]),
    perContainer(list, "image", ["image"]),
  ]),
  auditField(
    "ka.object.binding.subjects",
    (_event, view) => {
      const subjects = childOf(became(view), "subjects");
      if (!Array.isArray(subjects) || subjects.length === 0) return null;
      return subjects.map(jsonText).filter((text) => text !== undefined);
    },
    { shape: "list" },
  ),
];
