import { zstdCompressSync } from "node:zlib";

// RFC 8878, 3.1.1. A frame: magic, descriptor, then window (or content size), then blocks. A block's head is 24 bits:
// last | type << 1 | size << 3; a block of type 1 repeats one byte so many times.

const magic = Buffer.from([0x28, 0xb5, 0x2f, 0xfd]);
const blockBytes = 128 * 1024;
const gib = 1024 ** 3;

function repeatedBlocks(bytes: number): Buffer {
  const blocks = Math.ceil(bytes / blockBytes);
  const out = Buffer.alloc(blocks * 4);
  for (let i = 0; i < blocks; i++) out.writeUIntLE((i === blocks - 1 ? 1 : 0) | (1 << 1) | (blockBytes << 3), i * 4, 3);
  return out;
}

/** Bodies of some kilobytes that unpack to a gigabyte, or ask for memory in other ways; by what they are. */
export function zstdBombs(): Map<string, Buffer> {
  const window = (log: number) => Buffer.from([0x00, (log - 10) << 3]);
  const size = Buffer.alloc(9, 0);
  size[0] = 0xe0; // content size in 8 bytes, one segment: the window is as large as the content
  size.writeBigUInt64LE(BigInt(gib), 1);
  const blocks = repeatedBlocks(gib);
  const small = zstdCompressSync(Buffer.alloc(1024 * 1024));
  const empty = zstdCompressSync(Buffer.alloc(0));
  let nested = Buffer.concat([magic, window(20), blocks]);
  for (let i = 0; i < 4; i++) nested = zstdCompressSync(nested);
  return new Map([
    ["a gigabyte through a small window", Buffer.concat([magic, window(20), blocks])],
    ["a gigabyte through the largest window", Buffer.concat([magic, window(31), blocks])],
    ["a gigabyte in one segment", Buffer.concat([magic, size, blocks])],
    ["a frame that only claims a gigabyte", Buffer.concat([magic, size])],
    ["a frame that needs a dictionary", Buffer.concat([magic, Buffer.from([0x01, 0x50, 0x07]), blocks])],
    ["250 frames of a megabyte", Buffer.concat(Array.from({ length: 250 }, () => small))],
    ["4,000 frames of nothing", Buffer.concat(Array.from({ length: 4_000 }, () => empty))],
    ["a gigabyte packed five times", nested],
  ]);
}
