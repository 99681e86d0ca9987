import { Buffer } from "node:buffer";

/** A line without its end; `text` is undefined when it is longer than the bound. Numbers start at 1. */
export type Line = { number: number; text: string | undefined };

const newline = 0x0a;

/** Splits a stream of bytes into lines and never holds more of one than the bound. */
export async function* boundedLines(chunks: AsyncIterable<Uint8Array>, bytesMax: number): AsyncGenerator<Line> {
  let held: Uint8Array[] = [];
  let size = 0;
  let number = 1;
  const take = (part: Uint8Array): Line => {
    const total = size + part.length;
    const text = total > bytesMax ? undefined : Buffer.concat([...held, part]).toString("utf8");
    held = [];
    size = 0;
    return { number: number++, text };
  };
  for await (const chunk of chunks) {
    let from = 0;
    for (let end = chunk.indexOf(newline); end >= 0; end = chunk.indexOf(newline, from)) {
      yield take(chunk.subarray(from, end));
      from = end + 1;
    }
    const rest = chunk.subarray(from);
    size += rest.length;
    if (size > bytesMax) held = [];
    else if (rest.length > 0) held.push(Uint8Array.from(rest));
  }
  if (size > 0) yield take(new Uint8Array());
}
