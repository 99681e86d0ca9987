// DNS messages as clients write them, and as nobody should.

export type MessageParts = { flags?: number; questions?: number; type?: number; additional?: Buffer };

/** The wire form of a name: each label behind its length, then the root. */
export function wireName(name: string): Buffer {
  const labels = name === "." ? [] : name.split(".");
  return Buffer.concat([
    ...labels.map((label) => Buffer.from([label.length, ...Buffer.from(label)])),
    Buffer.from([0]),
  ]);
}

/** A message with one question; the name as text, or as bytes that may be anything. */
export function question(name: string | Buffer, parts: MessageParts = {}): Buffer {
  const { flags = 0x0100, questions = 1, type = 1, additional = Buffer.alloc(0) } = parts;
  const header = Buffer.alloc(12);
  header.writeUInt16BE(0x1234, 0);
  header.writeUInt16BE(flags, 2);
  header.writeUInt16BE(questions, 4);
  const tail = Buffer.alloc(4);
  tail.writeUInt16BE(type, 0);
  tail.writeUInt16BE(1, 2);
  return Buffer.concat([header, typeof name === "string" ? wireName(name) : name, tail, additional]);
}

/** RFC 6891: what clients append to say how large an answer may be. */
export const edns = Buffer.from([0, 0, 41, 0x10, 0, 0, 0, 0, 0, 0, 0]);

export type AnswerParts = { name?: Buffer; type: number; data: Buffer };

/** The question again, and behind it what was found; a name is a pointer to the question's where it is not given. */
export function answer(name: string, found: readonly AnswerParts[]): Buffer {
  const message = question(name, { flags: 0x8180 });
  message.writeUInt16BE(found.length, 6);
  const records = found.map(({ name: owner = Buffer.from([0xc0, 12]), type, data }) => {
    const fixed = Buffer.alloc(10);
    fixed.writeUInt16BE(type, 0);
    fixed.writeUInt16BE(1, 2);
    fixed.writeUInt32BE(60, 4);
    fixed.writeUInt16BE(data.length, 8);
    return Buffer.concat([owner, fixed, data]);
  });
  return Buffer.concat([message, ...records]);
}
