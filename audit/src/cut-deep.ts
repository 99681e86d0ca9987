import { endOfText } from "./json-shape.ts";

const quote = 0x22;
const openBracket = 0x5b;
const closeBracket = 0x5d;
const openBrace = 0x7b;
const closeBrace = 0x7d;

/** Stands for what was nested too deep. */
export const deepMark = "[nested too deep]";
const mark = Buffer.from(JSON.stringify(deepMark));
/** So many marks at most: each costs memory, and what has more is too heavy in whole. */
const marksMax = 10_000;

/**
 * JSON whose lists and objects below `depthMax` levels are a mark instead: whoever nests deeper hides nothing but that.
 * The same bytes where nothing is so deep, and where it is at more than `marksMax` places; what is not JSON stays such.
 */
export function cutDeep(bytes: Buffer, depthMax: number): Buffer {
  const parts: Buffer[] = [];
  let kept = 0;
  let depth = 0;
  for (let at = 0; at < bytes.length; at++) {
    const byte = bytes[at];
    if (byte === quote) at = endOfText(bytes, at);
    else if (byte === openBracket || byte === openBrace) {
      if (++depth !== depthMax + 1) continue;
      if (parts.length >= 2 * marksMax) return bytes;
      parts.push(bytes.subarray(kept, at), mark);
    } else if (byte === closeBracket || byte === closeBrace) {
      if (depth-- === depthMax + 1) kept = at + 1;
    }
  }
  if (parts.length === 0) return bytes;
  // It ends inside: what is missing makes it no JSON, as it was before.
  return Buffer.concat(depth > depthMax ? parts : [...parts, bytes.subarray(kept)]);
}
