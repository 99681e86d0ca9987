import type { CheckNode, Node } from "../compile/resolve.ts";
import { childrenOf } from "../compile/resolve.ts";
import type { Operator } from "../condition/syntax.ts";
import { answerFields } from "../fields/dns-fields.ts";
import { ruleLimits } from "../limits.ts";
import { anyOf, anything, type Requirement, requiring } from "./requirement.ts";

// Which domains the kernel must watch. A watched domain brings everything below it: two that both hold do not
// intersect as names of files do, so they travel as `components`, of which the shorter list is kept.

const equal: readonly Operator[] = ["=", "==", "in", "intersects"];

/** What a comparison of the name that is asked for says; any of the values will do. */
export function domainRequirement({ left, operator }: CheckNode, values: readonly string[]): Requirement {
  if (left.text !== "dns.question.name" && left.text !== "dns.question.domains") return anything;
  return namedDomains(operator, values);
}

/** What a comparison with names says of their domains. */
export function namedDomains(operator: Operator, values: readonly string[]): Requirement {
  if (equal.includes(operator)) return requiring({ components: new Set(values) });
  if (operator === "endswith") return anyOf(values.map(ending));
  return anything;
}

/** `.example.com` is that domain; `ample.com` may be the end of any label: the first whole one counts. */
function ending(value: string): Requirement {
  const domain = value.slice(value.indexOf(".") + 1);
  const isWhole = value.includes(".") && domain !== "" && !domain.includes("\\");
  return isWhole ? requiring({ components: new Set([domain]) }) : anything;
}

/**
 * A rule that takes any event of a container rarely means each question to a name server: it must speak of them. One that
 * speaks of nothing but what came back means the answers.
 */
export function asksForQuestions(node: Node, seen = new Set<Node>()): boolean {
  if (seen.has(node)) return false;
  seen.add(node);
  if (node.kind !== "check") return childrenOf(node).some((child) => asksForQuestions(child, seen));
  const { left, values } = node;
  return (
    (left.field.startsWith("dns.") && !answerFields.has(left.field)) ||
    (left.field === "evt.type" && values?.includes("dns_query") === true)
  );
}

/** Small letters, none below another; "." alone where the kernel cannot hold them all: then it sends every question. */
export function planDomains(given: ReadonlySet<string>): string[] {
  const domains = new Set<string>();
  for (const one of given) {
    const domain = one.toLowerCase();
    if (domain === ".") return ["."];
    if (domain !== "" && Buffer.byteLength(domain) <= ruleLimits.planNameBytesMax) domains.add(domain);
  }
  const kept = [...domains].filter((domain) => !isBelow(domain, domains)).sort();
  return kept.length > ruleLimits.planDomainsMax ? ["."] : kept;
}

function isBelow(domain: string, others: ReadonlySet<string>): boolean {
  for (let dot = domain.indexOf("."); dot >= 0; dot = domain.indexOf(".", dot + 1)) {
    if (others.has(domain.slice(dot + 1))) return true;
  }
  return false;
}
