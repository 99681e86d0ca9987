// What a BPF object file says of its functions: ELF64, little endian (https://docs.kernel.org/bpf/libbpf/, elf(5)).

/** `info`: of relocations, the section that they are about. */
export type Section = { name: string; type: number; bytes: Buffer; info: number };
/** `section` by its number, 0 where the object does not have it itself; `at` and `size` in bytes. */
export type ElfSymbol = { name: string; section: number; at: number; size: number; isFunction: boolean };
export type Elf = { sections: readonly Section[]; symbols: readonly ElfSymbol[] };

/** How ELF numbers what we look for. */
export const sectionType = { symbols: 2, relocations: 9 };
const functionSymbol = 2;

/** Reads an object; throws a RangeError where it is none. */
export function readElf(bytes: Buffer): Elf {
  if (bytes.readUInt32BE(0) !== 0x7f454c46 || bytes[4] !== 2 || bytes[5] !== 1)
    throw new RangeError("not ELF64, little endian");
  const heads = Number(bytes.readBigUInt64LE(0x28));
  const headBytes = bytes.readUInt16LE(0x3a);
  const raw = Array.from({ length: bytes.readUInt16LE(0x3c) }, (_, i) => head(bytes, heads + i * headBytes));
  const names = raw[bytes.readUInt16LE(0x3e)]?.bytes ?? Buffer.alloc(0);
  const sections = raw.map(({ nameAt, ...section }) => ({ ...section, name: text(names, nameAt) }));
  const table = raw.find((section) => section.type === sectionType.symbols);
  return { sections, symbols: table ? symbolsOf(table.bytes, raw[table.link]?.bytes ?? Buffer.alloc(0)) : [] };
}

function head(bytes: Buffer, at: number) {
  const from = Number(bytes.readBigUInt64LE(at + 0x18));
  return {
    nameAt: bytes.readUInt32LE(at),
    type: bytes.readUInt32LE(at + 4),
    bytes: bytes.subarray(from, from + Number(bytes.readBigUInt64LE(at + 0x20))),
    link: bytes.readUInt32LE(at + 0x28),
    info: bytes.readUInt32LE(at + 0x2c),
  };
}

function symbolsOf(bytes: Buffer, names: Buffer): ElfSymbol[] {
  return Array.from({ length: bytes.length / 24 }, (_, i) => ({
    name: text(names, bytes.readUInt32LE(i * 24)),
    section: bytes.readUInt16LE(i * 24 + 6),
    at: Number(bytes.readBigUInt64LE(i * 24 + 8)),
    size: Number(bytes.readBigUInt64LE(i * 24 + 16)),
    isFunction: ((bytes[i * 24 + 4] ?? 0) & 15) === functionSymbol,
  }));
}

function text(bytes: Buffer, at: number): string {
  return bytes.toString("latin1", at, bytes.indexOf(0, at));
}
