import { addedWords } from "@atalaya/wire";
import { type CheckNode, childrenOf, type Node } from "../compile/resolve.ts";
import { answerFields } from "../fields/dns-fields.ts";
import { eventTypesOf } from "../fields/event-kinds.ts";
import { isChange, lacksField } from "./change-requirement.ts";
import type { Kind } from "./condition-requirement.ts";
import { nameFields } from "./name-requirement.ts";

// Calls on sockets, calls that few programs need, moves between control groups and answers of name servers, which the kernel
// reports only where a rule asks for them: in a plan by the event's activity.

const callKinds: readonly Kind[] = [
  ...["dup", "bind", "listen", "accept", "socket", "unix_connect", "connect_failed", "receive"],
].map((call) => `network.${call}`);

export const dnsAnswer: Kind = "dns.answer";
export const cgroupMove: Kind = "process.cgroup_move";

export const isCall = (kind: Kind): boolean =>
  callKinds.includes(kind) || kind.startsWith("kernel.") || kind === dnsAnswer || kind === cgroupMove;

/** Kinds that a rule means only where it speaks of them: those calls, and changes of names and modes. */
export const mustBeNamed = (kind: Kind): boolean => isCall(kind) || isChange(kind);

export const unixConnect: Kind = "network.unix_connect";
/** Told beside the connection that was tried: meant by who speaks of results. */
export const connectFailed: Kind = "network.connect_failed";

/** `network.dup` is `dup` in a plan; an answer needs its class, to be known for what it is. */
export const callName = (kind: Kind): string =>
  kind === dnsAnswer ? kind.replace(".", "_") : kind.slice(kind.indexOf(".") + 1);

/** A rule that takes any event of a container rarely means each of these calls: it must speak of them. */
export function speaksOf(node: Node, kind: Kind): boolean {
  const types = eventTypesOf(kind);
  const says = ({ left, values }: CheckNode): boolean =>
    isOwnField(left.field, kind) ||
    (left.field === "evt.type" && values?.some((value) => types.includes(value)) === true);
  return holdsForOne(node, says, new Set());
}

/** In a plan: what comes with events only where a rule speaks of it, by the fields. */
const additions: readonly (readonly [word: string, fields: RegExp])[] = [
  // The telling variables of the environment, with each exec.
  ["exec_env", /^proc\.env$/],
  [addedWords.containerMounts, /^container\.mounts?(\.|$)/],
  [addedWords.resolvedNames, nameFields],
];

/** The words of the plan for what a condition speaks of, macros included. */
export const additionsOf = (node: Node): string[] =>
  additions.flatMap(([word, fields]) =>
    holdsForOne(node, ({ left }) => fields.test(left.field), new Set()) ? [word] : [],
  );

const changeFields = /^(fs\.path\.(name|source|target)|evt\.arg\.(oldpath|newpath|target|linkpath))$/;

/** A field that only such events have speaks of them as well. */
function isOwnField(field: string, kind: Kind): boolean {
  if (kind === dnsAnswer) return answerFields.has(field);
  return isChange(kind) && changeFields.test(field) && !lacksField(field, kind);
}

function holdsForOne(node: Node, says: (check: CheckNode) => boolean, seen: Set<Node>): boolean {
  if (seen.has(node)) return false;
  seen.add(node);
  if (node.kind !== "check") return childrenOf(node).some((child) => holdsForOne(child, says, seen));
  return says(node);
}
