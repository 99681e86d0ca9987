// What an event must look like so that a condition can hold, as far as the kernel can test it: a list of alternatives.
// No alternative: the condition never holds. An alternative without a set: any event of the kind.

export type Alternative = {
  /** The file's own name is one of these. */
  names: ReadonlySet<string> | undefined;
  /** One of the folders on the way to the file has one of these names. */
  components: ReadonlySet<string> | undefined;
  /** The path starts with one of these. */
  prefixes: ReadonlySet<string> | undefined;
  /** It is opened for writing. */
  write: boolean;
};
export type Requirement = readonly Alternative[];

const blank: Alternative = { names: undefined, components: undefined, prefixes: undefined, write: false };
export const anything: Requirement = [blank];
export const nothing: Requirement = [];
export const constant = (holds: boolean): Requirement => (holds ? anything : nothing);
export const requiring = (what: Partial<Alternative>): Requirement => [{ ...blank, ...what }];

/** One of them holds. Alternatives of one shape become one, so that the list stays shorter than a dozen. */
export function anyOf(requirements: readonly Requirement[]): Requirement {
  const byShape = new Map<string, Alternative[]>();
  for (const alternative of requirements.flat()) {
    const { names, components, prefixes, write } = alternative;
    // The file's name is the sharpest test; beside it the others are not needed.
    const shape = `${names === undefined ? `${components !== undefined} ${prefixes !== undefined}` : "names"} ${write}`;
    const group = byShape.get(shape);
    if (group === undefined) byShape.set(shape, [alternative]);
    else group.push(alternative);
  }
  return [...byShape.values()].map(merged);
}

function merged(group: readonly Alternative[]): Alternative {
  const [first = blank] = group;
  if (group.length === 1) return first;
  const union = (key: "names" | "components" | "prefixes"): ReadonlySet<string> | undefined =>
    first[key] === undefined ? undefined : new Set(group.flatMap((one) => [...(one[key] ?? [])]));
  if (first.names !== undefined) return { ...blank, names: union("names"), write: first.write };
  return { names: undefined, components: union("components"), prefixes: union("prefixes"), write: first.write };
}

/** All of them hold. */
export function allOf(requirements: readonly Requirement[]): Requirement {
  let out = anything;
  for (const requirement of requirements) out = anyOf(out.flatMap((a) => requirement.map((b) => [both(a, b)])));
  return out;
}

function both(a: Alternative, b: Alternative): Alternative {
  return {
    names: narrower(a.names, b.names, true),
    components: narrower(a.components, b.components, false),
    prefixes: narrower(a.prefixes, b.prefixes, false),
    write: a.write || b.write,
  };
}

/** Two sets that both hold: a file has one name, so names intersect; of the others the shorter list is kept. */
function narrower(a: ReadonlySet<string> | undefined, b: ReadonlySet<string> | undefined, intersect: boolean) {
  if (a === undefined || b === undefined) return a ?? b;
  if (intersect) return new Set([...a].filter((value) => b.has(value)));
  return a.size <= b.size ? a : b;
}
