// The first question of a DNS message (RFC 1035, 4.1), whose bytes the sender chose. Grammar in bpf/dns.h, and here also:
//
//   pointer  := u16 with its two highest bits set: the name goes on at that many bytes from the message's start
//
// Nobody compresses a question; a name server follows a pointer all the same, also one that leads forward.

export const headerBytes = 12;
const pointerBits = 0xc0;
const labelBytesMax = 63;
const nameBytesMax = 255;
/** Labels of one byte each fill a name with 127; a pointer that leads to itself ends here. */
const stepsMax = 128;

const digits = Array.from({ length: 256 }, (_, byte) => `\\${String(byte).padStart(3, "0")}`);

export type Question = { name: string | undefined; type: number | undefined };

/** The question's name (`nameAt`) and type. */
export function questionAt(bytes: Buffer, from: number, end: number): Question {
  const read = nameAt(bytes, from + headerBytes, from, end);
  return { name: read?.name, type: read === undefined ? undefined : typeAt(bytes, read.behind, end) };
}

/**
 * The name that begins at `at` of a message that begins at `from`, in small letters, labels parted by dots, none at the
 * end (the root is "."). What is not printable is `\\DDD`, a dot or backslash inside a label has a backslash before it
 * (RFC 4343). `behind` is where the message goes on. Undefined where the bytes hold no name.
 */
export function nameAt(
  bytes: Buffer,
  at: number,
  from: number,
  end: number,
): { name: string; behind: number } | undefined {
  /** Behind the name where it stands, where the first pointer was, if there was one. */
  let behind: number | undefined;
  let size = 0;
  const labels: string[] = [];
  for (let step = 0; step < stepsMax; step++) {
    const length = at < end ? (bytes[at] as number) : labelBytesMax + 1;
    if (length === 0) return { name: labels.length === 0 ? "." : labels.join("."), behind: behind ?? at + 1 };
    if ((length & pointerBits) === pointerBits && at + 1 < end) {
      behind ??= at + 2;
      at = from + (((length & ~pointerBits) << 8) | (bytes[at + 1] as number));
      continue;
    }
    size += length + 1;
    if (length > labelBytesMax || at + length >= end || size >= nameBytesMax) break;
    labels.push(labelText(bytes, at + 1, at + 1 + length));
    at += 1 + length;
  }
  return undefined;
}

function typeAt(bytes: Buffer, at: number, end: number): number | undefined {
  return at + 2 <= end ? bytes.readUInt16BE(at) : undefined;
}

function labelText(bytes: Buffer, at: number, end: number): string {
  let text = "";
  for (let i = at; i < end; i++) {
    const byte = bytes[i] as number;
    if (byte >= 0x41 && byte <= 0x5a) text += String.fromCharCode(byte + 0x20);
    else if (byte === 0x2e || byte === 0x5c) text += `\\${String.fromCharCode(byte)}`;
    else text += byte > 0x20 && byte < 0x7f ? String.fromCharCode(byte) : (digits[byte] as string);
  }
  return text;
}
