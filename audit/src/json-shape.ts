// What JSON would cost before it is parsed. `JSON.parse` makes 400 MiB and two seconds of 12 MiB of brackets; the API
// server's real batches have one value in twenty bytes and at most some eighty levels.

const quote = 0x22;
const backslash = 0x5c;
const comma = 0x2c;
const openBracket = 0x5b;
const closeBracket = 0x5d;
const openBrace = 0x7b;
const closeBrace = 0x7d;

/**
 * Why `bytes` (UTF-8, JSON or not) are not to be parsed: nested deeper than `depthMax`, or with more than `valuesMax`
 * members and elements. Undefined where both bounds hold; whether it is JSON at all, `JSON.parse` says.
 */
export function jsonShapeProblem(bytes: Uint8Array, depthMax: number, valuesMax: number): string | undefined {
  let depth = 0;
  let values = 0;
  for (let at = 0; at < bytes.length; at++) {
    const byte = bytes[at];
    if (byte === quote) at = endOfText(bytes, at);
    else if (byte === comma) values++;
    else if (byte === openBracket || byte === openBrace) {
      values++;
      if (++depth > depthMax) return `nested deeper than ${depthMax} levels`;
    } else if (byte === closeBracket || byte === closeBrace) depth--;
    if (values > valuesMax) return `larger than ${valuesMax} values`;
  }
  return undefined;
}

/** Where the text that starts at `at` ends: its closing quote, or the last byte. */
export function endOfText(bytes: Uint8Array, at: number): number {
  for (let i = at + 1; i < bytes.length; i++) {
    if (bytes[i] === backslash) i++;
    else if (bytes[i] === quote) return i;
  }
  return bytes.length;
}
