// The tar of POSIX (ustar, IEEE 1003.1, pax): a header of 512 bytes, then the file, padded to 512 bytes.
//
//     0 name (100)   100 mode (8)   108 uid (8)   116 gid (8)   124 size (12)   136 mtime (12)
//     148 checksum (8)   156 type (1)   257 "ustar\0" "00"
//
// Numbers are octal; a size of 8 GiB and more is base 256 with the first bit set, as GNU tar and BSD tar write it.

export const blockBytes = 512;
const octalSizeMax = 0o77777777777;

export type TarEntry = { name: string; bytes: number };

export function tarHeader({ name, bytes }: TarEntry, mtimeS: number): Buffer {
  const header = Buffer.alloc(blockBytes);
  if (Buffer.byteLength(name) > 100) throw new RangeError("a name too long for the tar");
  header.write(name, 0, "utf8");
  header.write("0000600\0", 100, "latin1");
  header.write("0000000\0".repeat(2), 108, "latin1");
  if (bytes <= octalSizeMax) header.write(`${bytes.toString(8).padStart(11, "0")}\0`, 124, "latin1");
  else {
    header[124] = 0x80;
    header.writeBigUInt64BE(BigInt(bytes), 128);
  }
  header.write(`${Math.floor(mtimeS).toString(8).padStart(11, "0")}\0`, 136, "latin1");
  header.write("        0", 148, "latin1");
  header.write("ustar\0" + "00", 257, "latin1");
  header.write(`${checksum(header).toString(8).padStart(6, "0")}\0 `, 148, "latin1");
  return header;
}

/** What follows a file of so many bytes. */
export const padding = (bytes: number): Buffer => Buffer.alloc((blockBytes - (bytes % blockBytes)) % blockBytes);
/** Two empty blocks: without them an archive was cut. */
export const tarEnd = (): Buffer => Buffer.alloc(2 * blockBytes);

/** Reads a header: "end" for an empty block, undefined for what is none, or is no plain file. */
export function readTarHeader(header: Buffer): TarEntry | "end" | undefined {
  if (header.every((byte) => byte === 0)) return "end";
  const text = (from: number, to: number) => header.toString("latin1", from, to).replace(/\0.*$/s, "").trim();
  const copy = Buffer.from(header);
  copy.write("        ", 148, "latin1");
  if (Number.parseInt(text(148, 156), 8) !== checksum(copy)) return undefined;
  const type = header[156];
  if (type !== 0x30 && type !== 0) return undefined;
  const isLarge = ((header[124] ?? 0) & 0x80) !== 0;
  const bytes = isLarge ? Number(header.readBigUInt64BE(128)) : Number.parseInt(text(124, 136), 8);
  return Number.isSafeInteger(bytes) && bytes >= 0 ? { name: text(0, 100), bytes } : undefined;
}

function checksum(header: Buffer): number {
  let sum = 0;
  for (const byte of header) sum += byte;
  return sum;
}
