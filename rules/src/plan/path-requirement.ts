import type { Operator } from "../condition/syntax.ts";
import { ruleLimits } from "../limits.ts";
import { allOf, anyOf, anything, nothing, type Requirement, requiring } from "./requirement.ts";

const equal: readonly Operator[] = ["=", "==", "in", "intersects"];

/** What a comparison of the file's own name says. */
export function nameRequirement(operator: Operator, values: readonly string[]): Requirement {
  if (equal.includes(operator)) return requiring({ names: new Set(values) });
  if (operator === "endswith") return anyOf(values.map((value) => (value.includes("/") ? nothing : suffix(value))));
  return operator === "glob" ? anyOf(values.map((value) => suffix(literalEnd(value)))) : anything;
}

/** Of a name too long for the kernel's comparison its end counts, by whole characters. */
function suffix(value: string): Requirement {
  let out = value;
  while (Buffer.byteLength(out) > ruleLimits.planSuffixBytesMax) out = [...out].slice(1).join("");
  return out === "" ? anything : requiring({ suffixes: new Set([out]) });
}

/** What stands behind the last wildcard of a pattern. */
const literalEnd = (pattern: string): string => /[^?*[\]\\/]*$/.exec(pattern)?.[0] ?? "";

/** What a comparison of the whole path says; any of the values will do. */
export function pathRequirement(operator: Operator, values: readonly string[]): Requirement {
  return anyOf(values.map((value) => onePath(operator, value)));
}

/** What a comparison of the folder's path says. */
export function directoryRequirement(operator: Operator, values: readonly string[]): Requirement {
  const folder = (value: string) => (value.endsWith("/") ? value : `${value}/`);
  if (equal.includes(operator)) return anyOf(values.map((value) => below(folder(value))));
  if (operator === "startswith") return anyOf(values.map((value) => requiring({ prefixes: new Set([value]) })));
  return operator === "pmatch" ? anyOf(values.map((value) => onePath("pmatch", value))) : anything;
}

const nameOf = (path: string): string => path.slice(path.lastIndexOf("/") + 1);

function onePath(operator: Operator, value: string): Requirement {
  if (equal.includes(operator)) return exactly(value);
  switch (operator) {
    case "startswith":
      return requiring({ prefixes: new Set([value]) });
    case "endswith":
      // Without a slash it is the end of a name only.
      if (!value.includes("/")) return suffix(value);
      return nameOf(value) === "" ? anything : requiring({ names: new Set([nameOf(value)]) });
    case "contains":
      return folders(value);
    case "glob":
      return globbed(value);
    case "pmatch":
      return /[?*[\\]/.test(value) ? globbedFolder(value) : requiring({ prefixes: new Set([pmatchPrefix(value)]) });
    default:
      return anything;
  }
}

/** `pmatch` ignores repeated and trailing slashes in what it compares with. */
const pmatchPrefix = (value: string): string =>
  `/${value
    .split("/")
    .filter((part) => part !== "")
    .join("/")}`;

/** The root alone has no name. */
const exactly = (path: string): Requirement =>
  nameOf(path) === "" ? requiring({ prefixes: new Set([path]) }) : requiring({ names: new Set([nameOf(path)]) });

function below(folder: string): Requirement {
  const last = folder.split("/").at(-2) ?? "";
  return requiring({ prefixes: new Set([folder]), ...(last === "" ? {} : { components: new Set([last]) }) });
}

/** The last folder that stands complete in the text, between two slashes. */
function folders(value: string): Requirement {
  const inside = value
    .split("/")
    .slice(1, -1)
    .findLast((part) => part !== "" && !/[?*[\\]/.test(part));
  return inside === undefined ? anything : requiring({ components: new Set([inside]) });
}

function globbed(pattern: string): Requirement {
  const name = nameOf(pattern);
  if (pattern.includes("/") && name !== "" && !/[?*[\]\\]/.test(name) && !/\[[^\]]*$/.test(pattern)) {
    return requiring({ names: new Set([name]) });
  }
  return allOf([globbedFolder(pattern), suffix(literalEnd(pattern))]);
}

function globbedFolder(pattern: string): Requirement {
  const literal = /^[^?*[\\]*/.exec(pattern)?.[0] ?? "";
  const [inside] = /[[\\]/.test(pattern) ? [] : folders(pattern);
  return requiring({
    ...(literal === "" ? {} : { prefixes: new Set([literal]) }),
    ...(inside?.components === undefined ? {} : { components: inside.components }),
  });
}
