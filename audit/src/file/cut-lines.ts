const newline = 0x0a;

/** A whole line without its end, or one that was too long; `end` is the offset behind it. */
export type Cut = { line: Buffer; end: number } | { tooLong: number; end: number };

/**
 * Cuts the bytes of a file into lines. Of a line that is not whole yet it holds a copy; of one that is longer than the
 * limit only the length, so that memory stays bounded whatever the file holds.
 */
export class LineCutter {
  readonly #bytesMax: number;
  #held: Buffer[] = [];
  #heldBytes = 0;
  #skipping = false;
  #offset: number;

  /** `offset`: where in the file the first byte lies. */
  constructor(bytesMax: number, offset = 0) {
    this.#bytesMax = bytesMax;
    this.#offset = offset;
  }

  /** Where the line begins that is not whole yet. */
  get lineStart(): number {
    return this.#offset - this.#heldBytes;
  }

  /** Lines that are whole now. They are views of `bytes` where they can be: read them before `bytes` is used again. */
  push(bytes: Buffer): Cut[] {
    const cuts: Cut[] = [];
    let from = 0;
    for (let at = bytes.indexOf(newline); at >= 0; at = bytes.indexOf(newline, from)) {
      this.#offset += at + 1 - from;
      cuts.push(this.#whole(bytes.subarray(from, at)));
      from = at + 1;
    }
    this.#hold(bytes.subarray(from));
    return cuts;
  }

  /** The file has ended: what came of its last line. */
  end(): Cut | undefined {
    if (this.#heldBytes === 0) return undefined;
    return this.#whole(Buffer.alloc(0));
  }

  #whole(last: Buffer): Cut {
    const bytes = this.#heldBytes + last.length;
    const tooLong = this.#skipping || bytes > this.#bytesMax;
    const line = tooLong || this.#held.length === 0 ? last : Buffer.concat([...this.#held, last], bytes);
    this.#held = [];
    this.#heldBytes = 0;
    this.#skipping = false;
    return tooLong ? { tooLong: bytes, end: this.#offset } : { line, end: this.#offset };
  }

  #hold(rest: Buffer): void {
    if (rest.length === 0) return;
    this.#offset += rest.length;
    this.#heldBytes += rest.length;
    if (this.#heldBytes > this.#bytesMax) {
      this.#skipping = true;
      this.#held = [];
    } else if (!this.#skipping) this.#held.push(Buffer.from(rest));
  }
}
