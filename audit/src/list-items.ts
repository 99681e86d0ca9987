import { endOfText } from "./json-shape.ts";

// { "kind": "EventList", "apiVersion": "audit.k8s.io/v1", "metadata": {}, "items": [ {…}, {…} ] }

const quote = 0x22;
const comma = 0x2c;
const colon = 0x3a;
const openBracket = 0x5b;
const closeBracket = 0x5d;
const openBrace = 0x7b;
const closeBrace = 0x7d;
/** A list has one `items`; who writes many means to cost. */
const listsMax = 16;

/** An EventList's bytes: each of its items, and the list itself with none. `more` items were beyond `itemsMax`. */
export type ListBytes = { list: Buffer; items: Buffer[]; more: number };

/**
 * Takes a list apart without parsing it, so that one item that no one can read spoils none of the others. A body without
 * items comes back whole as `list`; so does what is not JSON, and does not parse later.
 */
export function listItems(bytes: Buffer, itemsMax: number): ListBytes {
  const items: Buffer[] = [];
  const around: Buffer[] = [];
  let more = 0;
  let outer = 0;
  let start = 0;
  let depth = 0;
  let key = "";
  let named = "";
  let isInside = false;
  const close = (at: number) => {
    if (items.length < itemsMax) items.push(bytes.subarray(start, at));
    else more++;
    start = at + 1;
  };
  for (let at = 0; at < bytes.length; at++) {
    const byte = bytes[at];
    if (byte === quote) {
      const end = endOfText(bytes, at);
      if (depth === 1) key = end - at === 6 ? bytes.toString("latin1", at + 1, end) : "";
      at = end;
    } else if (byte === colon && depth === 1) {
      named = key;
    } else if (byte === comma) {
      if (isInside && depth === 2) close(at);
    } else if (byte === openBracket || byte === openBrace) {
      if (++depth !== 2 || byte !== openBracket || named !== "items") continue;
      if (around.length === listsMax) return { list: bytes, items: [], more: 0 };
      isInside = true;
      around.push(bytes.subarray(outer, at + 1));
      start = at + 1;
    } else if (byte === closeBracket || byte === closeBrace) {
      if (depth-- !== 2 || !isInside) continue;
      isInside = false;
      if (start < at && !isBlank(bytes, start, at)) close(at);
      outer = at;
      named = "";
    }
  }
  return { list: Buffer.concat([...around, isInside ? Buffer.alloc(0) : bytes.subarray(outer)]), items, more };
}

/** An empty list may be written with spaces. */
function isBlank(bytes: Buffer, start: number, end: number): boolean {
  for (let at = start; at < end; at++) if ((bytes[at] ?? 0) > 0x20) return false;
  return true;
}
