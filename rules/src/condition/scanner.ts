import { ConditionError } from "./syntax.ts";

const blank = /[ \t\r\n\b]*/y;
const bare = /[^()"'\s=,]+/y;
const name = /[A-Za-z][A-Za-z0-9_]*/y;
const dotted = /[A-Za-z][A-Za-z0-9_]*(?:\.[A-Za-z0-9_]+)*/y;
const bracketed = /[^\][ "'\t\r\n]+/y;
const escapes: Readonly<Record<string, string>> = {
  b: "\b",
  f: "\f",
  n: "\n",
  r: "\r",
  t: "\t",
  "\\": "\\",
  "/": "/",
  " ": "\\",
};

/** Reads a condition's text from left to right. Every method either takes what it names or leaves the place alone. */
export class Scanner {
  readonly text: string;
  at = 0;

  constructor(text: string) {
    this.text = text;
  }

  get ended(): boolean {
    return this.at >= this.text.length;
  }

  blanks(): void {
    this.#take(blank);
  }

  /** A word of the grammar, when what follows it is not part of a longer name. */
  word(word: string): boolean {
    if (!this.text.startsWith(word, this.at)) return false;
    const after = this.text[this.at + word.length];
    if (after !== undefined && /[A-Za-z0-9_.[-]/.test(after)) return false;
    this.at += word.length;
    return true;
  }

  symbol(symbol: string): boolean {
    if (!this.text.startsWith(symbol, this.at)) return false;
    this.at += symbol.length;
    return true;
  }

  name(): string | undefined {
    return this.#take(name);
  }

  /** `proc.name`; also a name without a dot. */
  dotted(): string | undefined {
    return this.#take(dotted);
  }

  /** What stands in `[ ]` behind a field, without them. */
  argument(): string | undefined {
    if (!this.symbol("[")) return undefined;
    const quoted = this.quoted();
    const text = quoted ?? this.#take(bracketed);
    if (text === undefined) this.fail("expected an argument in [ ]");
    if (!this.symbol("]")) this.fail("expected `]`");
    return text;
  }

  bare(): string | undefined {
    return this.#take(bare);
  }

  /** A text in quotes, its escapes resolved. */
  quoted(): string | undefined {
    const quote = this.text[this.at];
    if (quote !== '"' && quote !== "'") return undefined;
    const start = this.at;
    let out = "";
    let from = start + 1;
    for (let at = from; at < this.text.length; at++) {
      const char = this.text[at];
      if (char === quote) {
        this.at = at + 1;
        return out + this.text.slice(from, at);
      }
      if (char !== "\\") continue;
      const [value, length] = this.#escape(at, quote);
      out += this.text.slice(from, at) + value;
      at += length - 1;
      from = at + 1;
    }
    throw new ConditionError(start, "the quotation mark is never closed");
  }

  #escape(at: number, quote: string): [string, number] {
    const code = this.text[at + 1] ?? "";
    if (code === quote) return [quote, 2];
    const plain = escapes[code];
    if (plain !== undefined) return [plain, 2];
    const hex = /^x([0-9a-fA-F]{2})/.exec(this.text.slice(at + 1, at + 4));
    if (hex !== null) return [String.fromCharCode(Number.parseInt(hex[1] ?? "0", 16)), 4];
    throw new ConditionError(at, "this escape is not known; a backslash itself is written \\\\");
  }

  fail(reason: string): never {
    throw new ConditionError(this.at, reason);
  }

  #take(pattern: RegExp): string | undefined {
    pattern.lastIndex = this.at;
    const found = pattern.exec(this.text)?.[0];
    if (found === undefined) return undefined;
    this.at += found.length;
    return found;
  }
}
