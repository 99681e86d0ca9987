import { childrenOf, type Node } from "../compile/resolve.ts";
import { isChange } from "./change-requirement.ts";
import { type Kind, requirementOf } from "./condition-requirement.ts";
import { isOpen, type Requirement } from "./requirement.ts";

// Why a rule asks for every event of a kind: the smallest part of its condition that lets any of them through.

/** A sentence that quotes the part of the condition that says nothing the kernel can test. */
export function whyAll(node: Node, kind: Kind): string {
  const { text, negated } = widest(node, kind);
  return `\`${negated ? `not (${text})` : text}\` says nothing of ${subjects[kind] ?? (isChange(kind) ? "what is changed" : "it")} that the kernel can test`;
}

const subjects: Readonly<Record<Kind, string>> = {
  "file.open": "the file",
  "file.open_failed": "the file's name",
  "process.exec_failed": "the program's name",
  "dns.query": "the domain",
  "dns.answer": "the domain",
  "network.connect": "the port",
  "network.send": "the port",
  "network.unix_connect": "the socket's name",
};

/** What the kernel picks refused calls by is their name. */
const letsAll = (requirement: Requirement, kind: Kind): boolean =>
  requirement.some((one) =>
    kind.endsWith("_failed") ? one.names === undefined && one.suffixes === undefined : isOpen({ ...one, write: false }),
  );

/** Down through the branch of an `or` that lets everything through; an `and` does as a whole. */
function widest(start: Node, kind: Kind): { text: string; negated: boolean } {
  let node = start;
  let negated = false;
  for (;;) {
    if (node.kind === "not") {
      negated = !negated;
      node = node.child;
      continue;
    }
    const isAll = node.kind === "and" && !negated;
    const [only, ...others] = isAll
      ? []
      : childrenOf(node).filter((one) => letsAll(requirementOf(one, kind, negated), kind));
    const [child] = isAll ? whatSpeaks(node, kind) : [only];
    if (child === undefined || (isAll && others.length > 0)) return { text: node.text, negated };
    node = child;
  }
}

/** Of an `and` whose other parts hold for every event of the kind (`evt.type = open`) the one that is left. */
function whatSpeaks(node: Node, kind: Kind): Node[] {
  const alternatives = childrenOf(node).filter(
    (one) => one.kind === "or" || one.kind === "macro" || one.kind === "and",
  );
  const wide = alternatives.filter(
    (one) => requirementOf(one, kind).length > 1 && letsAll(requirementOf(one, kind), kind),
  );
  return wide.length === 1 ? wide : [];
}
