import type { ConditionText } from "./place.ts";

/** Joins conditions as text, each part keeping its own places: what `append` does to a macro or rule. */
export function joinConditions(parts: readonly ConditionText[], separator: string): ConditionText {
  const starts: number[] = [];
  let text = "";
  for (const [index, part] of parts.entries()) {
    if (index > 0) text += separator;
    starts.push(text.length);
    text += part.text;
  }
  const locate = (offset: number) => {
    const index = Math.max(
      0,
      starts.findLastIndex((start) => start <= offset),
    );
    const part = parts[index];
    if (part === undefined) throw new Error("a condition without parts");
    return part.locate(Math.min(offset - (starts[index] ?? 0), part.text.length));
  };
  return { text, locate };
}

/** A condition in parentheses, or with something behind it that no file holds. */
export function wrapCondition(before: string, inner: ConditionText, after: string): ConditionText {
  const locate = (offset: number) => inner.locate(Math.min(Math.max(0, offset - before.length), inner.text.length));
  return { text: before + inner.text + after, locate };
}
