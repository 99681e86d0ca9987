import { globMatcher } from "./glob.ts";

type Node = {
  end: boolean;
  literal: Map<string, Node>;
  patterns: { matches: (part: string) => boolean; node: Node }[];
};

const newNode = (): Node => ({ end: false, literal: new Map(), patterns: [] });
const parts = (path: string): string[] => path.split("/").filter((part) => part !== "");

/**
 * Falco's `pmatch`: does the path lie at or below one of these? Compared component by component (`/opt/dir` holds
 * `/opt/dir/x`, not `/opt/dir2`); a wildcard in a component never crosses a slash.
 */
export function pathPrefixMatcher(prefixes: readonly string[]): (path: string) => boolean {
  const root = newNode();
  for (const prefix of prefixes) {
    let node = root;
    for (const part of parts(prefix)) node = child(node, part);
    node.end = true;
  }
  return (path) => below(root, parts(path), 0);
}

function child(node: Node, part: string): Node {
  if (/[?*[]/.test(part)) {
    const next = { matches: globMatcher(part), node: newNode() };
    node.patterns.push(next);
    return next.node;
  }
  const known = node.literal.get(part) ?? newNode();
  node.literal.set(part, known);
  return known;
}

function below(node: Node, path: readonly string[], depth: number): boolean {
  if (node.end) return true;
  const part = path[depth];
  if (part === undefined) return false;
  const literal = node.literal.get(part);
  if (literal !== undefined && below(literal, path, depth + 1)) return true;
  return node.patterns.some((pattern) => pattern.matches(part) && below(pattern.node, path, depth + 1));
}
