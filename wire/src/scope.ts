import * as z from "zod";
import { globMatches } from "./glob.ts";

// Which containers something is about: every list that is given has a pattern that fits; a list that is left out fits
// everything. In a pattern * is anything (a slash, too), ? one character. A field that is not known fits only where its
// list is left out.

export const scopeLimits = { patternsMax: 64, patternCharsMax: 512 } as const;

export const patternsSchema = z
  .array(z.string().min(1).max(scopeLimits.patternCharsMax))
  .min(1)
  .max(scopeLimits.patternsMax);

/** The lists of a scope, to be spread into a rule's schema. */
export const scopeShape = {
  clusters: patternsSchema.optional(),
  namespaces: patternsSchema.optional(),
  pods: patternsSchema.optional(),
  containers: patternsSchema.optional(),
  images: patternsSchema.optional(),
};
export type Scope = z.infer<z.ZodObject<typeof scopeShape>>;

/** Where something is, as far as it is known. */
export type ScopeFacts = {
  cluster: string;
  namespace: string | null;
  pod: string | null;
  container: string | null;
  image: string | null;
};

export function isWithin(scope: Scope, facts: ScopeFacts): boolean {
  return pairsOf(scope, facts).every(([list, value]) => fits(list, value));
}

/** As `isWithin`; undefined where it depends on what is not known. */
export function isSurelyWithin(scope: Scope, facts: ScopeFacts): boolean | undefined {
  const pairs = pairsOf(scope, facts);
  if (pairs.some(([list, value]) => value !== null && !fits(list, value))) return false;
  return pairs.some(([list, value]) => list !== undefined && value === null) ? undefined : true;
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
