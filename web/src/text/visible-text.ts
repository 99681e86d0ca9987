/** A piece of text as it may be drawn: plain, or one character that would not be seen or would move its neighbours. */
export type Piece = { text: string; hidden?: string };

// Controls (C0, DEL, C1), soft hyphen, Arabic letter mark, zero-width and bidi marks, embeddings, overrides, isolates,
// invisible operators, line and paragraph separators, byte order mark, interlinear marks, tag characters, lone
// surrogates: what an attacker's command line or file name can use to look like another one (Trojan Source,
// CVE-2021-42574).
const hiddenCharacter =
  // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for.
  /[\u0000-\u001f\u007f-\u009f\u00ad\u061c\u115f\u1160\u180e\u200b-\u200f\u2028-\u202e\u2060-\u206f\u3164\ufeff\uffa0\ufff9-\ufffb\u{e0000}-\u{e007f}]|\p{Surrogate}/gu;

/** Splits `text` so that every hidden character is a piece of its own, shown by a sign or by its number. */
export function visiblePieces(text: string): Piece[] {
  const pieces: Piece[] = [];
  let from = 0;
  for (const match of text.matchAll(hiddenCharacter)) {
    if (match.index > from) pieces.push({ text: text.slice(from, match.index) });
    pieces.push(hiddenPiece(match[0]));
    from = match.index + match[0].length;
  }
  if (from < text.length) pieces.push({ text: text.slice(from) });
  return pieces;
}

/** The same as one string: for titles, labels and what is copied into a terminal, where a line break would run. */
export function visibleString(text: string): string {
  return visiblePieces(text)
    .map((piece) => piece.text)
    .join("");
}

// As a programmer would write them; fonts often lack the pictures of U+2400 and on.
const escapes = new Map([
  ["\n", "\\n"],
  ["\r", "\\r"],
  ["\t", "\\t"],
  ["\0", "\\0"],
  ["\u001b", "\\e"],
]);

function hiddenPiece(character: string): Piece {
  const code = character.codePointAt(0) ?? 0;
  const number = `U+${code.toString(16).toUpperCase().padStart(4, "0")}`;
  const written = escapes.get(character);
  if (written !== undefined) return { text: written, hidden: number };
  return { text: `\u27e8${number}\u27e9`, hidden: number };
}
