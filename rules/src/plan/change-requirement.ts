import type { CheckNode } from "../compile/resolve.ts";
import type { Operator } from "../condition/syntax.ts";
import { changeFieldActivities, fileChanges } from "../fields/file-change-fields.ts";
import type { Kind } from "./condition-requirement.ts";
import { nameRequirement, pathRequirement } from "./path-requirement.ts";
import { type Alternative, anyOf, anything, type Requirement, requiring } from "./requirement.ts";

// What a condition says of a change of a name or a mode, as far as the kernel can test it. It tests both paths against the
// same lists: a name is one of `components` here (one of the two has it), since two names do not exclude each other.

const equal: readonly Operator[] = ["=", "==", "in", "intersects"];
const nameOf = (path: string): string => path.slice(path.lastIndexOf("/") + 1);

const changes: ReadonlySet<string> = new Set(fileChanges.map((change) => `file.${change}`));

export const isChange = (kind: Kind): boolean => changes.has(kind);

const byDescriptor: ReadonlySet<Kind> = new Set(["file.chmod", "file.chattr"]);

/** Fields of changes that opens have, too. */
const ofOpens: Readonly<Record<Kind, readonly string[]>> = {
  "file.open": ["evt.arg.name", "evt.arg.mode", "fs.path.name"],
  "file.open_failed": ["evt.arg.name"],
  "file.map": ["evt.arg.name"],
};

/** Whether file events of this kind never have the field. */
export function lacksField(field: string, kind: Kind): boolean {
  if (!isChange(kind)) {
    const own = ofOpens[kind];
    return own !== undefined && changeFieldActivities.has(field) && !own.includes(field);
  }
  if (field.startsWith("fd.")) return !byDescriptor.has(kind);
  const activities: readonly string[] | undefined = changeFieldActivities.get(field);
  return activities !== undefined && !activities.includes(kind.slice("file.".length));
}

/** What a comparison says of a change. */
export function changeRequirement({ left, operator }: CheckNode, values: readonly string[], kind: Kind): Requirement {
  if (!changeFieldActivities.has(left.field)) return anything;
  if (left.text === `basename(${left.field})`) return anyOf(nameRequirement(operator, values).map(ofOneName));
  if (left.transforms.length > 0) return anything;
  if (left.field === "evt.arg.mode") return modeRequirement(operator, values, kind);
  // The kernel lets through what ends in a slash or a dot: of an exact path without a name there is nothing to list.
  if (equal.includes(operator)) return requiring({ components: new Set(values.map(nameOf).filter(isName)) });
  const isResolved = kind === "file.symlink" && left.field === "fs.path.target";
  return anyOf(
    pathRequirement(operator, values).map((one) => {
      if (one.names !== undefined || one.suffixes !== undefined || one.prefixes === undefined) return ofOneName(one);
      const areAbsolute = !isResolved && [...one.prefixes].every((prefix) => prefix.startsWith("/"));
      return areAbsolute ? requiring({ prefixes: one.prefixes }) : anything;
    }),
  );
}

function ofOneName({ names, suffixes }: Alternative): Requirement {
  if (names !== undefined) return requiring({ components: names });
  return suffixes === undefined ? anything : requiring({ suffixes });
}

const isName = (name: string): boolean => name !== "" && name !== "." && name !== "..";

/** Of a chmod `write` stands for: it gives set-user-id or set-group-id. */
function modeRequirement(operator: Operator, values: readonly string[], kind: Kind): Requirement {
  const isSetId = operator === "contains" && values.every((value) => /S_ISUID|S_ISGID/.test(value));
  return isSetId && kind === "file.chmod" ? requiring({ write: true }) : anything;
}
