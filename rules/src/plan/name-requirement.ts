import { childrenOf, type Node } from "../compile/resolve.ts";
import { namedDomains } from "./domain-requirement.ts";

// Fields of what an address is called (`fd.sip.name`): the collector knows it from answers of name servers, so a rule that
// compares it asks for the answers about the domains that it names.

export const nameFields = /^fd\.[sclr]ip\.name$/;

/**
 * The domains that a condition compares what addresses are called with, macros included, also under `not`. `widest`: the
 * comparison that names none, so that every answer is asked for.
 */
export function comparedDomains(node: Node): { domains: Set<string>; widest: string | undefined } {
  const found: { domains: Set<string>; widest: string | undefined } = { domains: new Set(), widest: undefined };
  const seen = new Set<Node>();
  const look = (one: Node): void => {
    if (seen.has(one)) return;
    seen.add(one);
    if (one.kind !== "check") for (const child of childrenOf(one)) look(child);
    if (one.kind !== "check" || !nameFields.test(one.left.field)) return;
    const isPlain = one.left.transforms.length === 0 && one.values !== undefined;
    for (const { components } of isPlain ? namedDomains(one.operator, one.values ?? []) : [{ components: undefined }]) {
      if (components === undefined) found.widest ??= one.text;
      for (const domain of components ?? ["."]) found.domains.add(domain);
    }
  };
  look(node);
  return found;
}
