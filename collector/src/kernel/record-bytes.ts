/** Memory that holds records, seen as bytes and as 32-bit words: words read about five times as fast as readUInt32LE. */
export type RecordBytes = { bytes: Buffer; words: Uint32Array };

/** Memory of its own (not of Node's pool), so that words start where bytes do. */
export function recordBytes(length: number): RecordBytes {
  const memory = new ArrayBuffer((length + 7) & ~7);
  return { bytes: Buffer.from(memory), words: new Uint32Array(memory) };
}

/** `at` is a multiple of 4: records begin at multiples of 8 and their layout is aligned. */
export function u32At(from: RecordBytes, at: number): number {
  return from.words[at >> 2] ?? 0;
}

export function i32At(from: RecordBytes, at: number): number {
  return u32At(from, at) | 0;
}

export function u16At(from: RecordBytes, at: number): number {
  return (u32At(from, at & ~3) >>> ((at & 2) * 8)) & 0xffff;
}

/** 64 bits as a number: exact below 2^53, which times, ids and capabilities are. */
export function u64At(from: RecordBytes, at: number): number {
  return u32At(from, at) + u32At(from, at + 4) * 4294967296;
}

export function textAt(from: RecordBytes, at: number, end: number): string {
  return at === end ? "" : from.bytes.toString("utf8", at, end);
}
