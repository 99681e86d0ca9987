import type { WhyNode } from "@atalaya/wire";
import type { Node } from "../compile/resolve.ts";
import type { EventView } from "../event-view.ts";
import { ruleLimits } from "../limits.ts";
import { cutTo, valueText } from "../output/value-text.ts";

/**
 * The condition's tree with the values that decided it. Every branch is evaluated, also behind the first that decided.
 * Of a long `or` that holds, the branches that hold are shown, and a few that do not.
 */
export function whyTree(node: Node, view: EventView): WhyNode {
  return grow(node, view, { left: ruleLimits.whyNodesMax });
}

type Budget = { left: number };

function grow(node: Node, view: EventView, budget: Budget): WhyNode {
  budget.left -= 1;
  if (node.kind === "check") {
    const value = view.get(node.left.slot);
    const leaf: WhyNode = { kind: "leaf", text: node.text, result: node.test(view) };
    if (value === undefined) return leaf;
    return { ...leaf, value: cutTo(valueText(value, node.left.shape), ruleLimits.whyValueCharsMax) };
  }
  if (node.kind === "macro") {
    const child = grow(node.child, view, budget);
    return { kind: "macro", text: node.name, result: child.result, children: [child] };
  }
  if (node.kind === "not") {
    const child = grow(node.child, view, budget);
    return { kind: "not", text: node.text, result: !child.result, children: [child] };
  }
  return branches(node, view, budget);
}

function branches(node: Node & { kind: "and" | "or" }, view: EventView, budget: Budget): WhyNode {
  const children: WhyNode[] = [];
  let hidden = 0;
  let held = 0;
  let shownFalse = 0;
  for (const child of node.children) {
    const spent = { left: budget.left };
    const grown = grow(child, view, spent);
    if (grown.result) held += 1;
    const tooMany =
      budget.left <= 0 || (node.kind === "or" && !grown.result && shownFalse >= ruleLimits.whyFalseBranchesMax);
    if (tooMany && !(grown.result && node.kind === "or" && held === 1)) {
      hidden += 1;
      continue;
    }
    if (!grown.result) shownFalse += 1;
    budget.left = spent.left;
    children.push(grown);
  }
  const result = node.kind === "and" ? held === node.children.length : held > 0;
  if (hidden > 0)
    children.push({ kind: "leaf", text: `… ${hidden} more, not shown`, result: node.kind === "and" && result });
  return { kind: node.kind, text: node.text, result, children };
}
