// The types that a program was built with, as the kernel keeps them: BTF
// (Documentation/bpf/btf.rst, https://docs.kernel.org/bpf/btf.html). Only what structs of plain members need.

/** Where a member of plain bytes lies in its struct, by its path ("head.task.pid"). */
export type Member = { offset: number; size: number };
export type Struct = { size: number; members: ReadonlyMap<string, Member> };

const magic = 0xeb9f;
const kind = { int: 1, pointer: 2, array: 3, struct: 4, union: 5, enumeration: 6, typedef: 8, qualifiers: [9, 10, 11] };
/** Bytes that follow a type's head: so many, and so many for each of its parts. */
const tails: Readonly<Record<number, readonly [fixed: number, each: number]>> = {
  1: [4, 0],
  2: [0, 0],
  3: [12, 0],
  4: [0, 12],
  5: [0, 12],
  6: [0, 8],
  7: [0, 0],
  8: [0, 0],
  9: [0, 0],
  10: [0, 0],
  11: [0, 0],
  12: [0, 0],
  13: [0, 8],
  14: [4, 0],
  15: [0, 12],
  16: [0, 0],
  17: [4, 0],
  18: [0, 0],
  19: [0, 12],
};
const typesMax = 100_000;
const depthMax = 16;

type Type = { name: string; kind: number; parts: number; value: number; at: number; isBitfields: boolean };

/** The named structs of `bytes`; empty where they are no BTF that we know. Structs with bit fields are left out. */
export function structsOf(bytes: Buffer): Map<string, Struct> {
  try {
    return new Btf(bytes).structs();
  } catch (error) {
    if (error instanceof RangeError) return new Map();
    throw error;
  }
}

class Btf {
  readonly #bytes: Buffer;
  readonly #types: (Type | undefined)[] = [undefined];
  readonly #strings: number;

  constructor(bytes: Buffer) {
    this.#bytes = bytes;
    if (bytes.readUInt16LE(0) !== magic) throw new RangeError("not BTF");
    const head = bytes.readUInt32LE(4);
    const start = head + bytes.readUInt32LE(8);
    const end = start + bytes.readUInt32LE(12);
    this.#strings = head + bytes.readUInt32LE(16);
    for (let at = start; at < end; ) at = this.#read(at);
  }

  structs(): Map<string, Struct> {
    const found = new Map<string, Struct>();
    for (const type of this.#types) {
      if (type?.kind !== kind.struct || type.name === "") continue;
      const members = new Map<string, Member>();
      if (this.#collect(type, "", 0, members, 0)) found.set(type.name, { size: type.value, members });
    }
    return found;
  }

  #read(at: number): number {
    const info = this.#bytes.readUInt32LE(at + 4);
    const of = (info >>> 24) & 0x1f;
    const parts = info & 0xffff;
    const tail = tails[of];
    if (tail === undefined || this.#types.length > typesMax) throw new RangeError("a kind of type that we do not know");
    const name = this.#text(this.#bytes.readUInt32LE(at));
    const value = this.#bytes.readUInt32LE(at + 8);
    this.#types.push({ name, kind: of, parts, value, at: at + 12, isBitfields: info >>> 31 === 1 });
    return at + 12 + tail[0] + tail[1] * parts;
  }

  #text(offset: number): string {
    const from = this.#strings + offset;
    const to = this.#bytes.indexOf(0, from);
    if (to < 0) throw new RangeError("a name without an end");
    return this.#bytes.toString("utf8", from, to);
  }

  /** False where a member is not made of whole bytes. */
  #collect(struct: Type, path: string, base: number, into: Map<string, Member>, depth: number): boolean {
    if (struct.isBitfields || depth > depthMax) return false;
    for (let i = 0; i < struct.parts; i++) {
      const at = struct.at + i * 12;
      const bits = this.#bytes.readUInt32LE(at + 8);
      const type = this.#resolved(this.#bytes.readUInt32LE(at + 4));
      if (type === undefined || bits % 8 !== 0) return false;
      const name = `${path}${this.#text(this.#bytes.readUInt32LE(at))}`;
      const offset = base + bits / 8;
      if (type.kind === kind.struct) {
        if (!this.#collect(type, `${name}.`, offset, into, depth + 1)) return false;
      } else into.set(name, { offset, size: this.#sizeOf(type, depth) });
    }
    return true;
  }

  #resolved(id: number): Type | undefined {
    let type = this.#types[id];
    for (let steps = 0; type !== undefined && steps < depthMax; steps++) {
      if (type.kind !== kind.typedef && !kind.qualifiers.includes(type.kind)) return type;
      type = this.#types[type.value];
    }
    return undefined;
  }

  #sizeOf(type: Type, depth: number): number {
    if (type.kind === kind.pointer) return 8;
    if (type.kind !== kind.array) return type.value;
    const element = this.#resolved(this.#bytes.readUInt32LE(type.at));
    if (element === undefined || depth > depthMax) throw new RangeError("an array of nothing");
    return this.#bytes.readUInt32LE(type.at + 8) * this.#sizeOf(element, depth + 1);
  }
}
