import { StringDecoder } from "node:string_decoder";

// Server-Sent Events as the WHATWG HTML standard writes them (9.2.6, "interpreting an event stream"):
// lines end with LF, CR or CRLF; a blank line ends a message; `:` starts a comment; `data` lines are joined by LF.

export type StreamMessage = { event: string; id: string | undefined; data: unknown };

/** Cuts a byte stream into messages whose data is JSON; a message that is not JSON or too long is counted and left out. */
export class EventStreamParser {
  /** Messages that were left out. */
  refused = 0;
  readonly #onMessage: (message: StreamMessage) => void;
  readonly #charsMax: number;
  readonly #decoder = new StringDecoder("utf8");
  #rest = "";
  #data: string[] = [];
  #chars = 0;
  #event = "";
  #id: string | undefined;

  constructor(onMessage: (message: StreamMessage) => void, charsMax: number) {
    this.#onMessage = onMessage;
    this.#charsMax = charsMax;
  }

  push(bytes: Buffer): void {
    const text = this.#rest + this.#decoder.write(bytes);
    // A CR at the very end may be the first half of CRLF: it waits for the next bytes.
    const end = text.endsWith("\r") ? text.length - 1 : text.length;
    const lines = text.slice(0, end).split(/\r\n|\n|\r/);
    this.#rest = (lines.pop() ?? "") + text.slice(end);
    for (const line of lines) this.#line(line);
    if (this.#rest.length > this.#charsMax) this.#rest = "";
  }

  #line(line: string): void {
    if (line === "") {
      this.#finish();
      return;
    }
    const colon = line.indexOf(":");
    if (colon === 0) return;
    const field = colon < 0 ? line : line.slice(0, colon);
    const value = colon < 0 ? "" : line.slice(colon + (line[colon + 1] === " " ? 2 : 1));
    if (field === "data") {
      // Its line break counts, so that lines without anything end somewhere too.
      this.#chars += value.length + 1;
      if (this.#chars <= this.#charsMax) this.#data.push(value);
    } else if (field === "event") this.#event = value;
    else if (field === "id" && !value.includes("\0")) this.#id = value;
  }

  #finish(): void {
    const data = this.#data.join("\n");
    const message = { event: this.#event || "message", id: this.#id };
    const tooLong = this.#chars > this.#charsMax;
    const empty = this.#data.length === 0 && !tooLong;
    this.#data = [];
    this.#chars = 0;
    this.#event = "";
    if (empty) return;
    let value: unknown;
    try {
      value = tooLong ? undefined : JSON.parse(data);
    } catch {
      value = undefined;
    }
    if (value === undefined) this.refused++;
    else this.#onMessage({ ...message, data: value });
  }
}
