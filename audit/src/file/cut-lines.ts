const newline = 0x0a;

/** A whole line without its end, or one that was too long; `end` is the offset behind it. */
export type Cut = { line: Buffer; end: number } | { tooLong: number; end: number };

/** What is held of most lines; a buffer that grew beyond it is given back after the next line that needs no more. */
const usualBytes = 256 * 1024;

/**
 * Cuts the bytes of a file into lines. Of a line that is not whole yet it holds a copy; of one that is longer than the
 * limit only the length, so that memory stays bounded whatever the file holds. The copy is in a buffer that is used again:
 * one for each large line would be garbage of its size, which is collected late.
 */
export class LineCutter {
  readonly #bytesMax: number;
  /** Two that take turns: a line that was given out lies in one, while what follows it is held in the other. */
  readonly #buffers: [Buffer, Buffer] = [Buffer.alloc(0), Buffer.alloc(0)];
  #turn: 0 | 1 = 0;
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

  /** Lines that are whole now. They are views of memory that is used again: read them before the next call. */
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
    const cut: Cut =
      this.#skipping || bytes > this.#bytesMax
        ? { tooLong: bytes, end: this.#offset }
        : { line: this.#heldBytes === 0 ? last : this.#joined(last), end: this.#offset };
    this.#heldBytes = 0;
    this.#skipping = false;
    return cut;
  }

  #joined(last: Buffer): Buffer {
    const bytes = this.#heldBytes + last.length;
    const buffer = this.#roomFor(bytes);
    last.copy(buffer, this.#heldBytes);
    this.#turn = this.#turn === 0 ? 1 : 0;
    if (bytes <= usualBytes && this.#buffers[this.#turn].length > usualBytes)
      this.#buffers[this.#turn] = Buffer.alloc(0);
    return buffer.subarray(0, bytes);
  }

  #hold(rest: Buffer): void {
    if (rest.length === 0) return;
    const bytes = this.#heldBytes + rest.length;
    if (bytes > this.#bytesMax) this.#skipping = true;
    if (!this.#skipping) rest.copy(this.#roomFor(bytes), this.#heldBytes);
    this.#offset += rest.length;
    this.#heldBytes = bytes;
  }

  #roomFor(bytes: number): Buffer {
    const buffer = this.#buffers[this.#turn];
    if (buffer.length >= bytes) return buffer;
    const grown = Buffer.allocUnsafeSlow(Math.min(this.#bytesMax, Math.max(usualBytes, 2 * buffer.length, bytes)));
    buffer.copy(grown, 0, 0, this.#heldBytes);
    this.#buffers[this.#turn] = grown;
    return grown;
  }
}
