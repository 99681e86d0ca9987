import type { CheckNode } from "../compile/resolve.ts";
import { anything, type Requirement, requiring } from "./requirement.ts";

const equal: readonly string[] = ["=", "==", "in", "intersects"];

/** What a comparison of the destination's port says. Ours are outbound: the server is the destination. */
export function portRequirement({ left, operator }: CheckNode, values: readonly string[]): Requirement {
  if (left.text !== "fd.sport" && left.text !== "fd.rport") return anything;
  if (!equal.includes(operator)) return anything;
  const ports = values.map(Number);
  const known = ports.filter((port) => Number.isInteger(port) && port >= 0 && port <= 65_535);
  return requiring({ ports: new Set(known.map(String)) });
}
