import type { Result } from "@atalaya/wire/framing";
import { kubeLimits } from "./limits.ts";

const newline = 0x0a;

/**
 * Cuts a stream of bytes into lines and parses each as JSON: what a watch answers. A line that is too long or no JSON is
 * a value, named and jumped over, and the next line is read on; memory holds one line at most. Empty lines are nothing.
 */
export async function* jsonLines(
  bytes: AsyncIterable<Uint8Array>,
  lineBytesMax: number = kubeLimits.lineBytesMax,
): AsyncGenerator<Result<unknown>> {
  let parts: Uint8Array[] = [];
  let held = 0;
  for await (const chunk of bytes) {
    let from = 0;
    for (let end = chunk.indexOf(newline); end >= 0; end = chunk.indexOf(newline, from)) {
      const line = lineOf(parts, held, chunk.subarray(from, end), lineBytesMax);
      parts = [];
      held = 0;
      from = end + 1;
      if (line !== undefined) yield line;
    }
    const rest = chunk.subarray(from);
    held += rest.length;
    // Beyond the bound only the length is kept.
    if (held > lineBytesMax) parts = [];
    else if (rest.length > 0) parts.push(rest);
  }
  const last = lineOf(parts, held, new Uint8Array(0), lineBytesMax);
  if (last !== undefined) yield last;
}

function lineOf(parts: Uint8Array[], held: number, last: Uint8Array, bytesMax: number): Result<unknown> | undefined {
  const length = held + last.length;
  if (length > bytesMax) return { ok: false, code: "BODY_TOO_LARGE", reason: `a line of ${length} bytes` };
  const text = (
    parts.length === 0 ? Buffer.from(last.buffer, last.byteOffset, last.length) : Buffer.concat([...parts, last])
  )
    .toString("utf8")
    .trim();
  if (text === "") return undefined;
  try {
    return { ok: true, value: JSON.parse(text) };
  } catch {
    return { ok: false, code: "BODY_MALFORMED", reason: "a line that is no JSON" };
  }
}
