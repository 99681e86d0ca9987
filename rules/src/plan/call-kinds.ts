import { childrenOf, type Node } from "../compile/resolve.ts";
import { answerFields } from "../fields/dns-fields.ts";
import { eventTypesOf } from "../fields/event-kinds.ts";
import type { Kind } from "./condition-requirement.ts";

// Calls on sockets, calls that few programs need and answers of name servers, which the kernel reports only where a rule
// asks for them: in a plan by the event's activity.

const callKinds: readonly Kind[] = ["dup", "bind", "listen", "accept", "socket", "unix_connect"].map(
  (call) => `network.${call}`,
);

export const dnsAnswer: Kind = "dns.answer";

export const isCall = (kind: Kind): boolean =>
  callKinds.includes(kind) || kind.startsWith("kernel.") || kind === dnsAnswer;

export const unixConnect: Kind = "network.unix_connect";

/** `network.dup` is `dup` in a plan; an answer needs its class, to be known for what it is. */
export const callName = (kind: Kind): string =>
  kind === dnsAnswer ? kind.replace(".", "_") : kind.slice(kind.indexOf(".") + 1);

/** A rule that takes any event of a container rarely means each of these calls: it must speak of them. */
export function speaksOf(node: Node, kind: Kind): boolean {
  return names(node, eventTypesOf(kind), kind === dnsAnswer, new Set());
}

function names(node: Node, types: readonly string[], isAnswer: boolean, seen: Set<Node>): boolean {
  if (seen.has(node)) return false;
  seen.add(node);
  if (node.kind !== "check") return childrenOf(node).some((child) => names(child, types, isAnswer, seen));
  const { left, values } = node;
  if (isAnswer && answerFields.has(left.field)) return true;
  return left.field === "evt.type" && values?.some((value) => types.includes(value)) === true;
}
