import { redacted } from "./secret-names.ts";

// A JSON web token: eyJ…, a dot, and more. The first part is all of one character class and the dot is not of it, so of
// a run of such characters the first beginning decides: tried at each, a run of beginnings would cost its square.

const beginning = /\beyJ/g;
const beginningAnywhere = /eyJ/g;
const run = /[A-Za-z0-9_-]*/y;
const rest = /\.[A-Za-z0-9_-]{4,}(?:\.[A-Za-z0-9_-]*)?/y;
const firstPartCharsMin = 9;

/** The text with its JSON web tokens replaced. */
export function hideWebTokens(text: string): string {
  const parts: string[] = [];
  let kept = 0;
  beginning.lastIndex = 0;
  for (let found = beginning.exec(text); found !== null; found = beginning.exec(text)) {
    const runEnd = endAt(run, text, found.index) ?? found.index;
    const end = runEnd - found.index < firstPartCharsMin ? undefined : endAt(rest, text, runEnd);
    beginning.lastIndex = end ?? runEnd;
    if (end === undefined) continue;
    parts.push(text.slice(kept, found.index), redacted);
    kept = end;
  }
  return kept === 0 ? text : parts.join("") + text.slice(kept);
}

/** Whether there is the first part of one, with its dot: no name has that. */
export function beginsAWebToken(text: string): boolean {
  beginningAnywhere.lastIndex = 0;
  for (let found = beginningAnywhere.exec(text); found !== null; found = beginningAnywhere.exec(text)) {
    const runEnd = endAt(run, text, found.index) ?? found.index;
    if (runEnd - found.index >= firstPartCharsMin && text[runEnd] === ".") return true;
    beginningAnywhere.lastIndex = runEnd;
  }
  return false;
}

function endAt(sticky: RegExp, text: string, at: number): number | undefined {
  sticky.lastIndex = at;
  return sticky.test(text) ? sticky.lastIndex : undefined;
}
