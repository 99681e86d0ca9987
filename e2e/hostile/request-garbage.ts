// From the OpenAPI document: for each operation, requests that are almost right. What stands in the place of one value
// is what breaks programs: nothing, too much, the wrong kind, the names of prototypes, halves of characters.

type Schema = {
  type?: string | string[];
  properties?: Record<string, Schema>;
  items?: Schema;
  enum?: unknown[];
  const?: unknown;
  anyOf?: Schema[];
  allOf?: Schema[];
  $ref?: string;
  minLength?: number;
  minimum?: number;
  format?: string;
  pattern?: string;
};
type Parameter = { name: string; in: string; schema?: Schema };
type Operation = { parameters?: Parameter[]; requestBody?: { content?: Record<string, { schema?: Schema }> } };
export type OpenApi = {
  paths: Record<string, Record<string, Operation>>;
  components?: { schemas?: Record<string, Schema> };
};
export type Garbage = { what: string; method: string; path: string; headers: Record<string, string>; body?: Buffer };

const texts = [
  ...[
    "",
    " ",
    "0",
    "-1",
    "1e999",
    "NaN",
    "null",
    "undefined",
    "true",
    "[]",
    "{}",
    "%",
    "%00",
    "%ff%fe",
    "..%2f..%2fetc",
  ],
  ...["__proto__", "constructor", "toString", "'\"; drop table alerts; --", "{{7*7}}", "<script>", "\u202e", "\ud800"],
  ...["9007199254740993", "99999999999999999999", "x".repeat(300), "é".repeat(2_000), "a\r\nset-cookie: a=b", "*", "🜁"],
];
const nested = JSON.parse(`${"[".repeat(2_000)}${"]".repeat(2_000)}`) as unknown;
const values: unknown[] = [
  ...[
    null,
    true,
    0,
    -1,
    0.5,
    1e308,
    2 ** 53,
    -(2 ** 63),
    "",
    "x",
    "\0",
    "\ud800",
    "x".repeat(100_000),
    [],
    [null],
    [[]],
  ],
  ...[{}, { a: 1 }, JSON.parse('{"__proto__":{"admin":true}}'), nested, Array.from({ length: 20_000 }, () => 0)],
  ...["2026-13-45T99:99:99Z", "javascript:alert(1)", "http://169.254.169.254/", "file:///etc/passwd", "(a+)+$"],
];

/** Every operation's garbage, `each` at most so many of a place. */
export function* garbageOf(document: OpenApi): Generator<Garbage> {
  for (const [template, methods] of Object.entries(document.paths))
    for (const [method, operation] of Object.entries(methods))
      yield* ofOperation(document, template, method, operation);
}

function* ofOperation(document: OpenApi, template: string, method: string, operation: Operation): Generator<Garbage> {
  const parameters = operation.parameters ?? [];
  const content = Object.entries(operation.requestBody?.content ?? {});
  const schema = content[0]?.[1].schema;
  const good = schema === undefined ? undefined : example(document, schema, 0);
  const json = { "content-type": "application/json" };
  const path = (odd?: { name: string; value: string }) => addressOf(template, parameters, odd);
  const base = { method: method.toUpperCase(), headers: good === undefined ? {} : json };
  const body = good === undefined ? {} : { body: Buffer.from(JSON.stringify(good)) };
  for (const parameter of parameters)
    for (const value of texts) {
      const what = `${method} ${template}: ${parameter.in} ${parameter.name} = ${JSON.stringify(value.slice(0, 20))}`;
      if (parameter.in !== "header") yield { ...base, ...body, what, path: path({ name: parameter.name, value }) };
      else if (/^[\x20-\x7e]*$/.test(value))
        yield { ...base, ...body, what, path: path(), headers: { ...base.headers, [parameter.name]: value } };
    }
  yield {
    ...base,
    ...body,
    what: `${method} ${template}: a query nobody asked for`,
    path: `${path()}?a[b]=c&a=1&a=2&%=%`,
  };
  if (schema === undefined) return;
  for (const [place, value, odd] of mutants(good)) {
    const what = `${method} ${template}: body ${place} = ${(JSON.stringify(value) ?? "").slice(0, 30)}`;
    yield { ...base, what, path: path(), body: Buffer.from(JSON.stringify(odd) ?? "") };
  }
  for (const raw of [
    "",
    "{",
    '{"a":',
    "[".repeat(60_000),
    '{"__proto__":{"a":1}}',
    "\ufeff{}",
    "\0",
    "NaN",
    '{"a":1}{"b":2}',
  ])
    yield {
      ...base,
      what: `${method} ${template}: the body ${raw.slice(0, 12)}`,
      path: path(),
      body: Buffer.from(raw),
    };
  const odd = { "content-type": "text/plain; charset=utf-7" };
  yield { ...base, ...body, what: `${method} ${template}: another type`, path: path(), headers: odd };
}

/** The body with one value replaced, at each place of it. */
function* mutants(good: unknown): Generator<[place: string, value: unknown, mutant: unknown]> {
  for (const value of values) yield ["whole", value, value];
  if (typeof good !== "object" || good === null || Array.isArray(good)) return;
  for (const key of Object.keys(good)) for (const value of values) yield [key, value, { ...good, [key]: value }];
}

function addressOf(template: string, parameters: Parameter[], odd?: { name: string; value: string }): string {
  const path = template.replace(/\{(\w+)\}/g, (_, name: string) => {
    if (odd?.name !== name) return "x";
    return odd.value.startsWith("%") || odd.value.includes("%2f") ? odd.value : encoded(odd.value);
  });
  const inQuery = parameters.some((one) => one.in === "query" && one.name === odd?.name);
  return inQuery && odd !== undefined ? `${path}?${odd.name}=${encoded(odd.value)}` : path;
}

const encoded = (text: string) => encodeURIComponent(text.replace(/[\ud800-\udfff]/gu, "\ufffd"));

/** Something that the schema takes, or nearly. */
function example(document: OpenApi, schema: Schema, depth: number): unknown {
  const named =
    schema.$ref === undefined ? undefined : document.components?.schemas?.[schema.$ref.split("/").at(-1) ?? ""];
  if (named !== undefined) return depth > 5 ? {} : example(document, named, depth + 1);
  if (schema.const !== undefined) return schema.const;
  if (schema.enum !== undefined) return schema.enum[0];
  const inner = schema.anyOf?.[0] ?? schema.allOf?.[0];
  if (inner !== undefined) return example(document, inner, depth + 1);
  const type = Array.isArray(schema.type) ? schema.type[0] : schema.type;
  if (type === "object" || schema.properties !== undefined) {
    const entries = Object.entries(schema.properties ?? {});
    return Object.fromEntries(entries.map(([name, one]) => [name, example(document, one, depth + 1)]));
  }
  if (type === "array") return [];
  if (type === "boolean") return false;
  if (type === "integer" || type === "number") return schema.minimum ?? 0;
  return schema.format === "uri" ? "https://x.example" : "x".repeat(Math.max(1, Math.min(schema.minLength ?? 1, 64)));
}
