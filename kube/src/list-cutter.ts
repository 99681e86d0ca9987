import type { Result } from "@atalaya/wire/framing";

// What a list answers, as the API server writes it (meta/v1 List; keys in any order, white space anywhere):
//   { "kind": …, "apiVersion": …, "metadata": { "resourceVersion": …, "continue": … }, "items": [ OBJECT, OBJECT, … ] }

const [quote, backslash, comma] = [0x22, 0x5c, 0x2c];
const [openBrace, closeBrace, openBracket, closeBracket] = [0x7b, 0x7d, 0x5b, 0x5d];

/** Bytes outside the items: a few hundred in truth. */
const frameBytesMax = 64 * 1024;

/**
 * Cuts a list, as its bytes come, into its items: each is parsed alone, so memory holds one item, however long the list.
 * `frame` gives what stands around the items. An item beyond `itemBytesMax` is a value of its own, and jumped over.
 */
export class ListCutter {
  readonly #itemBytesMax: number;
  #depth = 0;
  #inString = false;
  #escaped = false;
  /** True between the brackets of the outermost key `items`. */
  #inItems = false;
  #parts: Uint8Array[] = [];
  #held = 0;
  #frame: Buffer = Buffer.alloc(0);

  constructor(itemBytesMax: number) {
    this.#itemBytesMax = itemBytesMax;
  }

  /** The items that end in this chunk. Throws SyntaxError where what stands around the items is endless. */
  *push(chunk: Uint8Array): Generator<Result<unknown>> {
    let from = 0;
    for (let at = 0; at < chunk.length; at++) {
      const byte = chunk[at] as number;
      if (this.#inString) {
        if (this.#escaped) this.#escaped = false;
        else if (byte === backslash) this.#escaped = true;
        else if (byte === quote) this.#inString = false;
        continue;
      }
      if (byte === quote) this.#inString = true;
      else if (byte === openBrace || byte === openBracket) {
        this.#depth += 1;
        if (this.#depth === 2 && byte === openBracket && this.#isItems(chunk, from, at)) {
          this.#addFrame(chunk.subarray(from, at + 1));
          this.#inItems = true;
          from = at + 1;
        }
      } else if (byte === closeBrace || byte === closeBracket) {
        this.#depth -= 1;
        if (this.#inItems && this.#depth === 1) {
          this.#inItems = false;
          this.#drop();
          from = at;
        } else if (this.#inItems && this.#depth === 2) {
          yield this.#item(chunk.subarray(from, at + 1));
          from = at + 1;
        }
      } else if (byte === comma && this.#inItems && this.#depth === 2) from = at + 1;
    }
    const rest = chunk.subarray(from);
    if (this.#inItems) this.#hold(rest);
    else this.#addFrame(rest);
  }

  /** The list without its items; undefined when it has not come to its end, or is none. */
  frame(): Readonly<Record<string, unknown>> | undefined {
    if (this.#depth !== 0 || this.#inString) return undefined;
    try {
      const value = JSON.parse(textOf(this.#frame)) as unknown;
      return typeof value === "object" && value !== null && !Array.isArray(value)
        ? (value as Record<string, unknown>)
        : undefined;
    } catch {
      return undefined;
    }
  }

  #isItems(chunk: Uint8Array, from: number, to: number): boolean {
    return /"items"\s*:\s*$/.test(textOf(this.#frame) + textOf(chunk.subarray(from, to)));
  }

  #addFrame(bytes: Uint8Array): void {
    if (this.#frame.length + bytes.length > frameBytesMax) throw new SyntaxError("the list's head does not end");
    this.#frame = Buffer.concat([this.#frame, bytes]);
  }

  #hold(bytes: Uint8Array): void {
    this.#held += bytes.length;
    // Beyond the bound only the length is kept.
    if (this.#held > this.#itemBytesMax) this.#parts = [];
    else if (bytes.length > 0) this.#parts.push(bytes);
  }

  #drop(): void {
    this.#parts = [];
    this.#held = 0;
  }

  #item(last: Uint8Array): Result<unknown> {
    const bytes = this.#held + last.length;
    const parts = this.#parts;
    this.#drop();
    if (bytes > this.#itemBytesMax) return { ok: false, code: "BODY_TOO_LARGE", reason: `an item of ${bytes} bytes` };
    try {
      return { ok: true, value: JSON.parse(textOf(parts.length === 0 ? last : Buffer.concat([...parts, last]))) };
    } catch {
      return { ok: false, code: "BODY_MALFORMED", reason: "an item that is no JSON" };
    }
  }
}

function textOf(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString("utf8");
}
