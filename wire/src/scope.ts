import * as z from "zod";
import { globMatches } from "./glob.ts";
import { policyIssue } from "./policy-issues.ts";

// Which containers something is about: every list that is given has a pattern that fits; a list that is left out fits
// everything. In a pattern * is anything (a slash, too), ? one character. A field that is not known fits only where its
// list is left out.
//
//   labels   of the container's pod: a pattern of the value for each key that is given, and all have to fit. A pod without
//            such a key does not fit. Nodes hear of labels from the hub (docs/decisions/0028).

export const scopeLimits = { patternsMax: 64, patternCharsMax: 512, labelsMax: 16 } as const;

export const patternsSchema = z
  .array(z.string().min(1).max(scopeLimits.patternCharsMax))
  .min(1)
  .max(scopeLimits.patternsMax);

/** A key as Kubernetes takes it: a name of at most 63 characters, after a domain and a slash if it has one. */
const labelKey = /^(?:[a-z0-9](?:[a-z0-9.-]{0,251}[a-z0-9])?\/)?[A-Za-z0-9](?:[A-Za-z0-9._-]{0,61}[A-Za-z0-9])?$/;

const labelPatternsSchema = z
  .record(z.string().regex(labelKey, "no key of a label"), z.string().max(scopeLimits.patternCharsMax))
  .refine((labels) => Object.keys(labels).length > 0, policyIssue("no_label", "no label is named"))
  .refine(
    (labels) => Object.keys(labels).length <= scopeLimits.labelsMax,
    policyIssue("too_many_labels", `more than ${scopeLimits.labelsMax} labels`, scopeLimits.labelsMax),
  );

/** The lists of a scope, to be spread into a rule's schema. */
export const scopeShape = {
  clusters: patternsSchema.optional(),
  namespaces: patternsSchema.optional(),
  pods: patternsSchema.optional(),
  containers: patternsSchema.optional(),
  images: patternsSchema.optional(),
  labels: labelPatternsSchema.optional(),
};
export type Scope = z.infer<z.ZodObject<typeof scopeShape>>;

/** Where something is, as far as it is known. */
export type ScopeFacts = {
  cluster: string;
  namespace: string | null;
  pod: string | null;
  container: string | null;
  image: string | null;
  /** Of the pod, at least those that scopes ask for; null where they are not known. */
  labels: PodLabels | null;
};
export type PodLabels = Readonly<Record<string, string>>;
/** By the pod's uid. */
export type LabelsOfPods = Readonly<Record<string, PodLabels>>;

/** The labels of a pod; null where they are not known. */
export function labelsOf(pods: LabelsOfPods, uid: string | null): PodLabels | null {
  return uid !== null && Object.hasOwn(pods, uid) ? (pods[uid] ?? null) : null;
}

export function isWithin(scope: Scope, facts: ScopeFacts): boolean {
  return isSurelyWithin(scope, facts) === true;
}

/** As `isWithin`; undefined where it depends on what is not known. */
export function isSurelyWithin(scope: Scope, facts: ScopeFacts): boolean | undefined {
  const parts = [...pairsOf(scope, facts).map(([list, value]) => fitsKnown(list, value)), haveLabels(scope, facts)];
  if (parts.includes(false)) return false;
  return parts.includes(undefined) ? undefined : true;
}

function fitsKnown(list: readonly string[] | undefined, value: string | null): boolean | undefined {
  return list !== undefined && value === null ? undefined : fits(list, value);
}

function haveLabels({ labels: asked }: Scope, { labels }: ScopeFacts): boolean | undefined {
  if (asked === undefined) return true;
  if (labels === null) return undefined;
  return Object.entries(asked).every(
    ([key, pattern]) => Object.hasOwn(labels, key) && globMatches(pattern, labels[key] ?? ""),
  );
}

/** The labels that scopes ask for. */
export function askedLabels(scopes: readonly Scope[]): Set<string> {
  return new Set(scopes.flatMap(({ labels }) => Object.keys(labels ?? {})));
}

/** Each list with what it is about. */
function pairsOf(scope: Scope, facts: ScopeFacts): [readonly string[] | undefined, string | null][] {
  return [
    [scope.clusters, facts.cluster],
    [scope.namespaces, facts.namespace],
    [scope.pods, facts.pod],
    [scope.containers, facts.container],
    [scope.images, facts.image],
  ];
}

/** Whether one of the patterns fits; a list that is left out fits everything. */
export function fits(list: readonly string[] | undefined, value: string | null): boolean {
  if (list === undefined) return true;
  return value !== null && list.some((pattern) => globMatches(pattern, value));
}
