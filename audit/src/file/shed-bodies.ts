import { endOfText } from "../json-shape.ts";

// A line of the audit log is one record; what makes it large is what a client sent and what it was answered. These two
// are taken out of the line's bytes before it is parsed, where a whole line costs more than a record may.

const quote = 0x22;
const comma = 0x2c;
const colon = 0x3a;
const openBracket = 0x5b;
const closeBracket = 0x5d;
const openBrace = 0x7b;
const closeBrace = 0x7d;

export const bodies = ["responseObject", "requestObject"] as const;
export type Body = (typeof bodies)[number];
export type Weight = { bytes: number; values: number; depth: number };
/** A body's place in the line; what is nested in it, and how deep. */
type Member = { key: Body; start: number; end: number; values: number; depth: number };
type Parts = { found: Member[]; restValues: number; restDepth: number };
/** A record has one of each; who writes more of them means to cost. */
const bodiesMax = 16;

/**
 * A line light enough to be parsed: as it is, or without the answer's body, or without both. `left` names what is gone
 * (its place holds null); `atLeast` is gone in any case. Undefined where even the rest is too heavy.
 */
export function lightLine(
  line: Buffer,
  most: Weight,
  atLeast: readonly Body[] = [],
): { bytes: Buffer; left: readonly Body[] } | undefined {
  const parts = partsOf(line);
  if (parts === undefined) return undefined;
  for (const left of [[], bodies.slice(0, 1), bodies] as const) {
    if (left.length < atLeast.length) continue;
    const isGone = ({ key }: Member) => left.some((name) => name === key);
    const gone = parts.found.filter(isGone);
    const kept = parts.found.filter((one) => !isGone(one));
    const bytes = line.length - sum(gone, (one) => one.end - one.start);
    const depth = kept.reduce((deepest, one) => Math.max(deepest, one.depth), parts.restDepth);
    const values = parts.restValues + sum(kept, (one) => one.values);
    if (bytes > most.bytes || values > most.values || depth > most.depth) continue;
    return { bytes: gone.length === 0 ? line : without(line, gone), left: gone.length === 0 ? [] : left };
  }
  return undefined;
}

const sum = <T>(list: readonly T[], of: (one: T) => number): number => list.reduce((n, one) => n + of(one), 0);

function without(line: Buffer, gone: readonly Member[]): Buffer {
  const parts: Buffer[] = [];
  let from = 0;
  for (const { start, end } of gone) {
    parts.push(line.subarray(from, start), Buffer.from("null"));
    from = end;
  }
  return Buffer.concat([...parts, line.subarray(from)]);
}

/**
 * The bodies of the outermost object, and what all its other members weigh together; what is not JSON gives something, and does not
 * parse later. Undefined where bodies are many. Memory for the bodies alone: a line may have millions of members.
 */
function partsOf(line: Buffer): Parts | undefined {
  const parts: Parts = { found: [], restValues: 0, restDepth: 0 };
  let [start, values, deepest, depth] = [0, 0, 0, 0];
  let current: Body | undefined;
  let key: Body | undefined;
  const close = (at: number, next?: Body) => {
    if (current === undefined) {
      parts.restValues += values;
      parts.restDepth = Math.max(parts.restDepth, deepest);
    } else parts.found.push({ key: current, start, end: at, values, depth: deepest });
    [start, values, deepest, current] = [at + 1, 0, 0, next];
  };
  for (let at = 0; at < line.length; at++) {
    const byte = line[at];
    if (byte === quote) {
      const end = endOfText(line, at);
      if (depth === 1 && current === undefined) key = bodyNamed(line, at + 1, end);
      at = end;
    } else if (byte === colon && depth === 1 && key !== undefined) {
      close(at, key);
      key = undefined;
      if (parts.found.length > bodiesMax) return undefined;
    } else if (byte === comma) {
      values++;
      if (depth === 1) close(at);
    } else if (byte === openBracket || byte === openBrace) {
      values++;
      deepest = Math.max(deepest, ++depth);
    } else if (byte === closeBracket || byte === closeBrace) {
      if (--depth === 0) close(at);
    }
  }
  close(line.length);
  return parts;
}

/** Compared as bytes: for each key of a record no text is made. */
function bodyNamed(line: Buffer, start: number, end: number): Body | undefined {
  return bodies.find((name) => end - start === name.length && line.toString("latin1", start, end) === name);
}
