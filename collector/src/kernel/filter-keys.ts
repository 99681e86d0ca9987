import { layout, sizes } from "./layout.ts";

// The keys of the filter's maps as bpf/map-values.h describes them.

/** Above the length of a name's end that is watched (END_MARK). */
const endMark = 0x1_0000;

/** The length, and the first 60 bytes. */
export function nameKey(name: string): Buffer {
  const text = Buffer.from(name);
  const key = Buffer.alloc(sizes.name_key);
  key.writeUInt32LE(text.length, layout.name_key.length);
  text.copy(key, layout.name_key.bytes, 0, sizes.name_key - layout.name_key.bytes);
  return key;
}

export function endKey(end: string): Buffer {
  const key = nameKey(end);
  key.writeUInt32LE(endMark | Buffer.byteLength(end), layout.name_key.length);
  return key;
}

export function prefixKey(prefix: string): Buffer {
  const text = Buffer.from(prefix).subarray(0, sizes.prefix_key - layout.prefix_key.bytes);
  const key = Buffer.alloc(sizes.prefix_key);
  key.writeUInt32LE(text.length * 8, layout.prefix_key.bits);
  text.copy(key, layout.prefix_key.bytes);
  return key;
}

/** Backwards, a dot behind each label. Two that end alike may be one key; "." is the key of every domain. */
export function domainKey(domain: string): Buffer {
  const text = domain === "." ? Buffer.alloc(0) : Buffer.from(`.${domain.toLowerCase()}`).reverse();
  const compared = text.subarray(0, sizes.domain_key - layout.domain_key.bytes);
  const key = Buffer.alloc(sizes.domain_key);
  key.writeUInt32LE(compared.length * 8, layout.domain_key.bits);
  compared.copy(key, layout.domain_key.bytes);
  return key;
}

export function u32(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32LE(value);
  return bytes;
}

export function u64(value: number): Buffer {
  const bytes = Buffer.alloc(8);
  bytes.writeBigUInt64LE(BigInt(value));
  return bytes;
}
