import type { YamlItem } from "./yaml-items.ts";

/** A rule's exception: when the fields compare as one of the values says, the rule does not match. */
export type Exception = {
  name: string;
  fields: string[];
  /** `fields` was one name: all values make one list. */
  single: boolean;
  comparisons: string[];
  values: (string | string[])[][];
};

/** One whose values can be added to without changing the other's. */
export function copied(exception: Exception): Exception {
  return { ...exception, values: [...exception.values] };
}

const listComparison = /^(in|intersects|pmatch)$|(oneof|anyof|allof)$/;

/** Adds an item's `exceptions` to a rule's; values may be added to a name that is there already. */
export function mergeExceptions(into: Exception[], item: YamlItem): void {
  for (const given of item.items("exceptions") ?? []) {
    const name = given.requiredText("name");
    const known = into.find((exception) => exception.name === name);
    if (known !== undefined) {
      if (given.has("fields") || given.has("comps")) given.refuse("fields", `of exception ${name} are set already`);
      known.values.push(...valuesOf(given, known.single, known.fields.length));
    } else into.push(newException(name, given));
  }
}

function newException(name: string, item: YamlItem): Exception {
  if (!item.has("fields")) item.refuse("fields", "is missing");
  const single = !item.isList("fields");
  const fields = single ? [item.requiredText("fields")] : (item.texts("fields") ?? []);
  const fallback = fields.map(() => (single ? "in" : "="));
  const comparisons = !item.has("comps")
    ? fallback
    : single
      ? [item.requiredText("comps")]
      : (item.texts("comps") ?? []);
  if (comparisons.length !== fields.length) item.refuse("comps", "has another length than `fields`");
  if (single && !listComparison.test(comparisons[0] ?? ""))
    item.refuse("comps", "of a single field is in, pmatch or intersects");
  return { name, fields, single, comparisons, values: valuesOf(item, single, fields.length) };
}

function valuesOf(item: YamlItem, single: boolean, length: number): (string | string[])[][] {
  const nodes = item.nodes("values") ?? [];
  const wrong = () => item.refuse("values", single ? "is not a list of texts" : `needs lists of ${length} values`);
  if (single) {
    return nodes.map((node) => {
      const value = item.textOrTexts(node);
      return value === undefined ? wrong() : [value].flat();
    });
  }
  return item.tuples("values").map((tuple) => (tuple.length === length ? tuple : wrong()));
}

const quoted = (text: string): string => (/\s/.test(text) && !/^["']/.test(text) ? `"${text}"` : text);

const rendered = (value: string | string[], comparison: string): string => {
  if (Array.isArray(value)) return `(${value.map(quoted).join(", ")})`;
  return listComparison.test(comparison) && !value.startsWith("(") ? `(${quoted(value)})` : quoted(value);
};

/** ` and not (...)` of all exceptions that have values; empty when there is none. */
export function exceptionText(exceptions: readonly Exception[]): string {
  return exceptions
    .filter((exception) => exception.values.length > 0)
    .map((exception) => ` and not (${alternatives(exception)})`)
    .join("");
}

function alternatives({ fields, comparisons, values, single }: Exception): string {
  const [field = "", comparison = ""] = [fields[0], comparisons[0]];
  if (single) return `${field} ${comparison} ${rendered(values.flat(2), comparison)}`;
  const oneOf = values.map((tuple) => {
    const parts = fields.map(
      (name, i) => `${name} ${comparisons[i] ?? "="} ${rendered(tuple[i] ?? "", comparisons[i] ?? "=")}`,
    );
    return `(${parts.join(" and ")})`;
  });
  return oneOf.join(" or ");
}
