import { auditLimits } from "./limits.ts";
import { namesASecret, redacted } from "./secret-names.ts";
import { redactArguments, redactText } from "./secret-text.ts";
import { beginsAWebToken } from "./web-tokens.ts";

// A copy of what a client filled in, without its secrets. Open keys go into null-prototype objects, so that
// "__proto__" and "constructor" are keys like any other. Bookkeeping that no rule reads (managedFields) is left out.

/** What the walk ran into; the record is refused or cut then, and counted. */
export class WalkLimit extends Error {}

/** `cutTexts`: how many texts were longer than one may be. */
export type Walk = { values: number; cutTexts: number };

const open = (): Record<string, unknown> => Object.create(null) as Record<string, unknown>;
const argumentKeys = new Set(["args", "command"]);
const lastApplied = /last-applied-configuration$/;
/** Kubernetes assigns these; a word like "secret" or "token" in them is no secret, and rules read them. */
const plainKeys = new Set([
  "image",
  "name",
  "namespace",
  "kind",
  "apiVersion",
  "resource",
  "resources",
  "verbs",
  "username",
  "audience",
  "groups",
]);
/** Maps of labels, whose keys are anybody's: `kind: Secret` in one says nothing of what the map is. */
const labelMaps = new Set(["selector", "labels", "matchLabels", "nodeSelector"]);
// A name can still hold a pasted token: only what cannot be a name is hidden there.
const pasted = /-----BEGIN|:\/\/[^\s/]{1,512}@/;
const canBeAName = (text: string): boolean => !pasted.test(text) && !beginsAWebToken(text);

function enter(walk: Walk, depth: number): void {
  walk.values += 1;
  if (walk.values > auditLimits.valuesMax) throw new WalkLimit("holds too many values");
  if (depth > auditLimits.depthMax) throw new WalkLimit("is nested too deep");
}

/** Any JSON value. `key` is the name under which it stands. */
export function redactValue(value: unknown, key: string, walk: Walk, depth = 0): unknown {
  enter(walk, depth);
  if (typeof value === "string") return redactLeaf(value, key, walk);
  if (typeof value === "number") return Number.isFinite(value) ? (namesASecret(key) ? redacted : value) : null;
  if (typeof value === "boolean" || value === null) return value;
  if (Array.isArray(value)) return redactList(value, key, walk, depth);
  if (typeof value === "object") return redactObject(value as Record<string, unknown>, key, walk, depth);
  return null;
}

function redactLeaf(value: string, key: string, walk: Walk): string {
  if (value === "") return value;
  if (lastApplied.test(key)) return `${redacted} (a copy of the object)`;
  if (namesASecret(key)) return redacted;
  const text = cutText(value, walk);
  return plainKeys.has(key) && canBeAName(text) ? text : redactText(text);
}

/** Before anything is looked for in it, which costs time by its length. */
function cutText(text: string, walk: Walk): string {
  if (text.length <= auditLimits.textCharsMax) return text;
  walk.cutTexts += 1;
  return `${text.slice(0, auditLimits.textCharsMax)}[cut]`;
}

function redactList(list: readonly unknown[], key: string, walk: Walk, depth: number): unknown[] {
  if (argumentKeys.has(key) && list.every((one) => typeof one === "string")) {
    walk.values += list.length;
    return redactArguments(list.map((one) => cutText(one, walk)));
  }
  return list.map((one) => redactValue(one, key, walk, depth + 1));
}

function redactObject(object: Record<string, unknown>, key: string, walk: Walk, depth: number): unknown {
  const isSecret = object["kind"] === "Secret" || object["kind"] === "SecretList";
  if (isSecret && !(labelMaps.has(key) && Object.values(object).every((one) => typeof one === "string")))
    return redactSecret(object, walk, depth);
  const out = open();
  const pairName = typeof object["name"] === "string" ? object["name"] : undefined;
  for (const name of Object.keys(object)) {
    if (name === "managedFields") continue;
    // { name: "DB_PASSWORD", value: "…" } of an environment or of a header to send.
    const asKey = name === "value" && pairName !== undefined && namesASecret(pairName) ? pairName : name;
    // A map of its own under a secret's name (stringData of other kinds, tokens: {...}) hides its leaves by that name.
    out[cutKey(name)] = redactValue(object[name], inherits(key, name, object[name]) ? key : asKey, walk, depth + 1);
  }
  return out;
}

/** `credentials: { user: …, value: … }`: leaves of a map that is named as a secret are hidden with it. */
function inherits(key: string, name: string, value: unknown): boolean {
  return typeof value === "string" && namesASecret(key) && !plainKeys.has(name) && !/(?:key|name|path)$/i.test(name);
}

const cutKey = (name: string): string => (name.length > 1_024 ? name.slice(0, 1_024) : redactText(name));

const secretKept = new Set(["kind", "apiVersion", "type", "immutable", "op", "path", "from"]);
const secretMetadataKept = new Set([
  "name",
  "namespace",
  "generateName",
  "uid",
  "resourceVersion",
  "creationTimestamp",
]);

/** A Secret, a list of them, a patch of one, an answer about one: what it is and which keys it has, nothing else. */
export function redactSecret(value: unknown, walk: Walk, depth = 0): unknown {
  enter(walk, depth);
  if (Array.isArray(value)) return value.map((one) => redactSecret(one, walk, depth + 1));
  if (typeof value !== "object" || value === null)
    return typeof value === "boolean" || value === null ? value : redacted;
  const object = value as Record<string, unknown>;
  const out = open();
  for (const name of Object.keys(object)) {
    const inner = object[name];
    if (secretKept.has(name) && (typeof inner === "string" || typeof inner === "boolean")) out[name] = plain(inner);
    else if (name === "metadata") out[name] = keepOnly(inner, secretMetadataKept);
    else if (name === "data" || name === "stringData") out[name] = keysOnly(inner, walk);
    else if (name === "items") out[name] = redactSecret(inner, walk, depth + 1);
    else out[cutKey(name)] = redacted;
  }
  return out;
}

const plain = (value: string | boolean): string | boolean =>
  typeof value === "string" && value.length > 512 ? redacted : value;

function keepOnly(value: unknown, kept: ReadonlySet<string>): unknown {
  if (typeof value !== "object" || value === null) return redacted;
  const out = open();
  for (const [name, inner] of Object.entries(value))
    if (kept.has(name) && typeof inner === "string") out[name] = plain(inner);
  return out;
}

function keysOnly(value: unknown, walk: Walk): unknown {
  if (typeof value !== "object" || value === null) return redacted;
  const out = open();
  for (const name of Object.keys(value)) {
    enter(walk, 0);
    out[cutKey(name)] = redacted;
  }
  return out;
}
