import type { Node } from "../compile/resolve.ts";

/** The values that a field must have for a condition to hold; undefined: any, or none at all. */
export type Possible = ReadonlySet<string> | undefined;

/**
 * What a condition says of one field, from its positive comparisons alone. Never too narrow: whatever is not understood
 * gives `undefined`.
 */
export function possibleValues(node: Node, field: string, known = new Map<Node, Possible>()): Possible {
  if (known.has(node)) return known.get(node);
  const result = possible(node, field, known);
  known.set(node, result);
  return result;
}

function possible(node: Node, field: string, known: Map<Node, Possible>): Possible {
  if (node.kind === "not") return undefined;
  if (node.kind === "macro") return possibleValues(node.child, field, known);
  if (node.kind === "check") {
    const { left, operator, values } = node;
    if (left.text !== field || values === undefined) return undefined;
    return operator === "=" || operator === "==" || operator === "in" || operator === "intersects"
      ? new Set(values)
      : undefined;
  }
  const children = node.children.map((child) => possibleValues(child, field, known));
  if (node.kind === "or") {
    const all = new Set<string>();
    for (const child of children) {
      if (child === undefined) return undefined;
      for (const value of child) all.add(value);
    }
    return all;
  }
  const sets = children.filter((child) => child !== undefined);
  const [first, ...rest] = sets;
  return first === undefined ? undefined : new Set([...first].filter((value) => rest.every((set) => set.has(value))));
}
