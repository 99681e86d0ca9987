import type { Scalar } from "yaml";

/**
 * Where in the file the character at `offset` of a scalar's text stands. YAML only adds and folds white space and, in
 * quotes, escapes; so the other characters of text and source are the same, in the same order, and both are walked
 * side by side.
 */
export function alignedOffset(source: string, scalar: Scalar, text: string, offset: number): number {
  const [start, end] = scalar.range ?? [0, 0];
  let at = start;
  if (scalar.type === "BLOCK_FOLDED" || scalar.type === "BLOCK_LITERAL") {
    // The header (`>-`, with a comment perhaps) ends with its line.
    const line = source.indexOf("\n", start);
    at = line < 0 || line > end ? start : line + 1;
  } else if (scalar.type === "QUOTE_DOUBLE" || scalar.type === "QUOTE_SINGLE") at += 1;
  const isBlank = (char: string | undefined) => char === undefined || /\s/.test(char);
  const last = Math.min(offset, text.length);
  for (let i = 0; i <= last; i++) {
    const char = text[i];
    if (isBlank(char)) continue;
    while (at < end && source[at] !== char) at += 1;
    if (i < last) at += 1;
  }
  return Math.min(at, Math.max(start, end - 1));
}
