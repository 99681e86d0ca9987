// What an event must look like so that a condition can hold, as far as the kernel can test it: a list of alternatives.
// No alternative: the condition never holds. An alternative without a set: any event of the kind.

export type Alternative = {
  /** The file's own name is one of these. */
  names: ReadonlySet<string> | undefined;
  /** One of the folders on the way to the file has one of these names. */
  components: ReadonlySet<string> | undefined;
  /** The file's own name ends with one of these. */
  suffixes: ReadonlySet<string> | undefined;
  /** The path starts with one of these. */
  prefixes: ReadonlySet<string> | undefined;
  /** The destination's port is one of these. */
  ports: ReadonlySet<string> | undefined;
  /** It is opened for writing. */
  write: boolean;
};
export type Requirement = readonly Alternative[];
type SetName = Exclude<keyof Alternative, "write">;

const blank: Alternative = {
  names: undefined,
  components: undefined,
  suffixes: undefined,
  prefixes: undefined,
  ports: undefined,
  write: false,
};
export const anything: Requirement = [blank];
export const nothing: Requirement = [];
export const constant = (holds: boolean): Requirement => (holds ? anything : nothing);
export const requiring = (what: Partial<Alternative>): Requirement => [{ ...blank, ...what }];

/** One of them holds. Alternatives of one shape become one, so that the list stays shorter than a few dozen. */
export function anyOf(requirements: readonly Requirement[]): Requirement {
  const byShape = new Map<string, Alternative[]>();
  for (const alternative of requirements.flat()) {
    const shape = shapeOf(alternative);
    const group = byShape.get(shape);
    if (group === undefined) byShape.set(shape, [alternative]);
    else group.push(alternative);
  }
  return [...byShape.values()].map(merged);
}

function shapeOf({ names, components, suffixes, prefixes, ports, write }: Alternative): string {
  // The file's name is the sharpest test, a port all that is tested of a connection; beside it the others are not needed.
  if (names !== undefined) return `names ${write}`;
  if (ports !== undefined) return "ports";
  return `${components !== undefined} ${suffixes !== undefined} ${prefixes !== undefined} ${write}`;
}

function merged(group: readonly Alternative[]): Alternative {
  const [first = blank] = group;
  if (group.length === 1) return first;
  const union = (key: SetName): ReadonlySet<string> | undefined =>
    first[key] === undefined ? undefined : new Set(group.flatMap((one) => [...(one[key] ?? [])]));
  if (first.names !== undefined) return { ...blank, names: union("names"), write: first.write };
  if (first.ports !== undefined) return { ...blank, ports: union("ports") };
  return {
    ...blank,
    components: union("components"),
    suffixes: union("suffixes"),
    prefixes: union("prefixes"),
    write: first.write,
  };
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
    suffixes: narrower(a.suffixes, b.suffixes, false),
    prefixes: narrower(a.prefixes, b.prefixes, false),
    ports: narrower(a.ports, b.ports, true),
    write: a.write || b.write,
  };
}

/** Two sets that both hold: a file has one name, so names intersect; of the others the shorter list is kept. */
function narrower(a: ReadonlySet<string> | undefined, b: ReadonlySet<string> | undefined, intersect: boolean) {
  if (a === undefined || b === undefined) return a ?? b;
  if (intersect) return new Set([...a].filter((value) => b.has(value)));
  return a.size <= b.size ? a : b;
}

/** Whether the alternative says nothing that the kernel could test. */
export const isOpen = (one: Alternative): boolean =>
  one.names === undefined &&
  one.components === undefined &&
  one.suffixes === undefined &&
  one.prefixes === undefined &&
  one.ports === undefined &&
  !one.write;
