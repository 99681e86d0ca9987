import type { WhyNode } from "@atalaya/wire/api";

/**
 * The condition's tree as a person would say it: an "and" inside an "and" (and an "or" inside an "or") is one list, a
 * branch with one child is that child, and a macro's lone "and" is the macro's own list.
 */
export function plainWhy(node: WhyNode): WhyNode {
  const children = node.children?.map(plainWhy);
  if (children === undefined || children.length === 0) return node;
  if (node.kind === "and" || node.kind === "or") {
    const flat = children.flatMap((child) => (child.kind === node.kind ? (child.children ?? [child]) : [child]));
    const [only] = flat;
    if (flat.length === 1 && only !== undefined) return only;
    return { ...node, children: flat };
  }
  const [only] = children;
  if (node.kind === "macro" && children.length === 1 && only?.kind === "and") {
    return { ...node, children: only.children };
  }
  if (node.kind === "not" && only?.kind === "leaf" && only.children === undefined) {
    return { kind: "leaf", text: `not ${only.text}`, result: node.result, value: only.value };
  }
  return { ...node, children };
}
