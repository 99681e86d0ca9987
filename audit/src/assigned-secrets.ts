import { namesASecret, redacted, secretWordCharsMax, secretWords } from "./secret-names.ts";

//   assignment   name between value
//   name         ( -{1,2} [\w.-]{0,32} )?  secret word  [\w.-]{0,64}
//   between      KEY=value, key: value, "key": "value", --key value
//   value        "…" to the quote or the line's end, '…' likewise, or up to 4,096 characters without a space or a mark
//
// As one regular expression it tries every split of a name, at every place of the text: a client makes that cost
// seconds. A name is all of one character class, and what follows it never is: so it ends where the run of such
// characters ends, and the leftmost word that lies near enough to that end is the only one that counts.

const word = new RegExp(`${secretWords}|-key-data`, "gi");
const run = /[\w.-]*/y;
// A colon alone is no mark: `system:serviceaccount:token:x`.
const betweenAndValue =
  /(\\{0,2}["']?\s{0,8}=\s{0,8}|\\{0,2}["']\s{0,8}:\s{0,8}|\s{0,8}:\s{1,8}|\s{1,8})(?:\\{0,2}"[^"\n]*"?|'[^'\n]*'?|[^\s"',;&}]{1,4096})/y;
const beforeWordMax = 32;
const afterWordMax = 64;

/** The text with the values of assignments to secret names replaced; its time grows with its length alone. */
export function hideAssigned(text: string): string {
  const parts: string[] = [];
  let kept = 0;
  let least = 0;
  for (let at = placeOfWord(text, 0); at >= 0; at = placeOfWord(text, least)) {
    const runEnd = matchAt(run, text, at)?.end ?? at;
    const named = nearestWord(text, Math.max(at, runEnd - afterWordMax - secretWordCharsMax), runEnd);
    const found = named < 0 ? undefined : matchAt(betweenAndValue, text, runEnd);
    if (found === undefined) {
      least = runEnd;
      continue;
    }
    const name = text.slice(startOfName(text, named, least), runEnd);
    const isSpace = found.group.trim() === "";
    if ((!isSpace || name.startsWith("-")) && namesASecret(name)) {
      parts.push(text.slice(kept, runEnd), found.group, redacted);
      kept = found.end;
    }
    // What was no secret's value may hold one: what is behind a space or a quote is looked at from its start.
    const value = runEnd + found.group.length;
    const mayHoldOne = kept !== found.end && (isSpace || /[\\"']/.test(text[value] ?? ""));
    least = mayHoldOne ? value : found.end;
  }
  return kept === 0 ? text : parts.join("") + text.slice(kept);
}

function placeOfWord(text: string, from: number): number {
  word.lastIndex = from;
  return word.exec(text)?.index ?? -1;
}

function matchAt(sticky: RegExp, text: string, at: number): { end: number; group: string } | undefined {
  sticky.lastIndex = at;
  const found = sticky.exec(text);
  return found === null ? undefined : { end: sticky.lastIndex, group: found[1] ?? "" };
}

/** The leftmost word from `from` on that ends near enough to the end of its run; -1 where there is none. */
function nearestWord(text: string, from: number, runEnd: number): number {
  // Of the text no more than the run: what is looked for beyond would be looked for again.
  const near = text.slice(from, runEnd);
  word.lastIndex = 0;
  for (let found = word.exec(near); found !== null; found = word.exec(near)) {
    if (near.length - word.lastIndex <= afterWordMax) return from + found.index;
    word.lastIndex = found.index + 1;
  }
  return -1;
}

/** A name begins with its word, or with the farthest dash before it from which the word can be reached. */
function startOfName(text: string, at: number, least: number): number {
  let start = at;
  for (let i = at - 1; i >= least && isNameChar(text.charCodeAt(i)); i--) {
    const between = at - i - 1;
    if (between > beforeWordMax + 1) break;
    if (text[i] === "-" && (between <= beforeWordMax || text[i + 1] === "-")) start = i;
  }
  return start;
}

/** [\w.-] */
function isNameChar(code: number): boolean {
  const isLetter = (code >= 0x61 && code <= 0x7a) || (code >= 0x41 && code <= 0x5a);
  return isLetter || (code >= 0x30 && code <= 0x39) || code === 0x5f || code === 0x2e || code === 0x2d;
}
