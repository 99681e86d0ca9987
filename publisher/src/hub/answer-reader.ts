import { limits } from "../limits.ts";

/** An answer of the hub. */
export type Answer = { status: number; retryAfterMs: number | undefined; body: Buffer };

const headBytesMax = 16_384;
const endOfHead = Buffer.from("\r\n\r\n");

// What is read of HTTP/1.1 (RFC 9112): a status line, header fields, and a body by `content-length` or in chunks
// (section 7.1). Whatever else an answer is, the connection is given up: the hub's answers are JSON of known length.

/** Puts one answer together from the pieces of a stream; throws where it is not one that the hub would write. */
export class AnswerReader {
  #bytes: Buffer = Buffer.alloc(0);
  #head: { status: number; fields: Map<string, string>; bodyAt: number } | undefined;

  /** The whole answer, when this piece completes it. */
  push(piece: Buffer): { answer: Answer; keepsOpen: boolean } | undefined {
    this.#bytes = this.#bytes.length === 0 ? piece : Buffer.concat([this.#bytes, piece]);
    if (this.#bytes.length > limits.replyBytesMax) throw new Error("the reply is too long");
    this.#head ??= this.#readHead();
    // 1xx (section 15.2 of RFC 9110) is not asked for, but allowed: the answer follows.
    while (this.#head !== undefined && this.#head.status < 200) {
      this.#bytes = this.#bytes.subarray(this.#head.bodyAt);
      this.#head = this.#readHead();
    }
    const head = this.#head;
    if (head === undefined) return undefined;
    const body = this.#readBody(head.fields, head.bodyAt, head.status);
    if (body === undefined) return undefined;
    const keepsOpen = head.fields.get("connection")?.toLowerCase() !== "close";
    return { answer: { status: head.status, retryAfterMs: retryAfterMs(head.fields), body }, keepsOpen };
  }

  #readHead() {
    const end = this.#bytes.indexOf(endOfHead);
    if (end < 0 && this.#bytes.length > headBytesMax) throw new Error("the reply has no end of its header");
    if (end < 0) return undefined;
    const [first = "", ...lines] = this.#bytes.toString("latin1", 0, end).split("\r\n");
    const status = /^HTTP\/1\.1 (\d{3})(?: |$)/.exec(first)?.[1];
    if (status === undefined) throw new Error("the reply is not HTTP/1.1");
    const fields = new Map<string, string>();
    for (const line of lines) {
      const colon = line.indexOf(":");
      fields.set(line.slice(0, colon).toLowerCase(), line.slice(colon + 1).trim());
    }
    return { status: Number(status), fields, bodyAt: end + endOfHead.length };
  }

  #readBody(fields: ReadonlyMap<string, string>, at: number, status: number): Buffer | undefined {
    if (status === 204 || status === 304) return Buffer.alloc(0);
    if (fields.get("transfer-encoding")?.toLowerCase() === "chunked") return this.#readChunks(at);
    const text = fields.get("content-length") ?? "";
    const length = /^\d{1,9}$/.test(text) ? Number(text) : Number.NaN;
    if (!(length <= limits.replyBytesMax)) throw new Error("the reply does not say how long it is");
    return this.#bytes.length - at < length ? undefined : this.#bytes.subarray(at, at + length);
  }

  #readChunks(from: number): Buffer | undefined {
    const parts: Buffer[] = [];
    let at = from;
    for (;;) {
      const end = this.#bytes.indexOf("\r\n", at);
      if (end < 0) return undefined;
      const size = /^([0-9a-f]{1,7})(?:;|$)/i.exec(this.#bytes.toString("latin1", at, end))?.[1];
      if (size === undefined) throw new Error("the reply has a chunk without a size");
      const length = Number.parseInt(size, 16);
      const next = end + 2 + length + 2;
      if (next > this.#bytes.length) return undefined;
      if (length === 0) return Buffer.concat(parts);
      parts.push(this.#bytes.subarray(end + 2, end + 2 + length));
      at = next;
    }
  }
}

function retryAfterMs(fields: ReadonlyMap<string, string>): number | undefined {
  const text = fields.get("retry-after");
  const seconds = text === undefined ? Number.NaN : Number(text);
  return Number.isFinite(seconds) && seconds >= 0 ? Math.min(seconds * 1_000, 60_000) : undefined;
}
