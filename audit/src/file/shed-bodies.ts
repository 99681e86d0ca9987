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
type Member = { key: Body | undefined; start: number; end: number; values: number; depth: number };

/**
 * A line light enough to be parsed: as it is, or without the answer's body, or without both. `left` names what is gone
 * (its place holds null). Undefined where even the rest is too heavy.
 */
export function lightLine(line: Buffer, most: Weight): { bytes: Buffer; left: readonly Body[] } | undefined {
  const members = membersOf(line);
  for (const left of [[], bodies.slice(0, 1), bodies] as const) {
    const gone = members.filter((one) => one.key !== undefined && left.some((name) => name === one.key));
    const rest = members.filter((one) => !gone.includes(one));
    const bytes = line.length - sum(gone, (one) => one.end - one.start);
    const depth = rest.reduce((deepest, one) => Math.max(deepest, one.depth), 0);
    if (bytes > most.bytes || sum(rest, (one) => one.values) > most.values || depth > most.depth) continue;
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

/** The members of the outermost object, by their bytes; what is not JSON gives some list, and does not parse later. */
function membersOf(line: Buffer): Member[] {
  const members: Member[] = [];
  let member: Member = memberAt(0, undefined);
  let depth = 0;
  let key: Body | undefined;
  const close = (at: number) => {
    member.end = at;
    members.push(member);
    member = memberAt(at + 1, undefined);
  };
  for (let at = 0; at < line.length; at++) {
    const byte = line[at];
    if (byte === quote) {
      const end = endOfText(line, at);
      if (depth === 1 && member.key === undefined) key = bodyNamed(line, at + 1, end);
      at = end;
    } else if (byte === colon && depth === 1 && key !== undefined) {
      close(at);
      member.key = key;
      key = undefined;
    } else if (byte === comma) {
      member.values++;
      if (depth === 1) close(at);
    } else if (byte === openBracket || byte === openBrace) {
      member.values++;
      member.depth = Math.max(member.depth, ++depth);
    } else if (byte === closeBracket || byte === closeBrace) {
      if (--depth === 0) close(at);
    }
  }
  close(line.length);
  return members;
}

function memberAt(start: number, key: Body | undefined): Member {
  return { key, start, end: start, values: 0, depth: 0 };
}

/** Compared as bytes: for each key of a record no text is made. */
function bodyNamed(line: Buffer, start: number, end: number): Body | undefined {
  return bodies.find((name) => end - start === name.length && line.toString("latin1", start, end) === name);
}
