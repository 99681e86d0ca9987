import { Fault } from "@atalaya/wire";
import { blockBytes, readTarHeader, type TarEntry } from "./tar.ts";

/** Throws Fault BACKUP_UNUSABLE that says what is wrong with the file. */
export function unusable(what: string, cause?: unknown): never {
  throw new Fault("BACKUP_UNUSABLE", `The backup cannot be used: ${what}. Nothing was changed.`, {}, cause);
}

/** Cuts a stream of bytes into what is asked for. */
class ByteReader {
  readonly #parts: AsyncIterator<Buffer>;
  #left: Buffer = Buffer.alloc(0);

  constructor(parts: AsyncIterable<Buffer>) {
    this.#parts = parts[Symbol.asyncIterator]();
  }

  /** Between one and `max` bytes; nothing at the end. */
  async some(max: number): Promise<Buffer | undefined> {
    while (this.#left.length === 0) {
      const next = await this.#parts.next();
      if (next.done === true) return undefined;
      this.#left = next.value;
    }
    const taken = this.#left.subarray(0, max);
    this.#left = this.#left.subarray(taken.length);
    return taken;
  }

  async exactly(bytes: number): Promise<Buffer> {
    const parts: Buffer[] = [];
    for (let left = bytes; left > 0; ) {
      const part = (await this.some(left)) ?? unusable("it was cut short");
      parts.push(part);
      left -= part.length;
    }
    return Buffer.concat(parts);
  }
}

/** A file of the archive, to be read to its end before the next one. */
export type TarFile = TarEntry & { read(): AsyncGenerator<Buffer> };

/** The plain files of an archive, in order. Throws Fault BACKUP_UNUSABLE where it is damaged or holds anything else. */
export async function* readTar(packed: AsyncIterable<Buffer>): AsyncGenerator<TarFile> {
  const bytes = new ByteReader(packed);
  for (;;) {
    const entry = readTarHeader(await bytes.exactly(blockBytes));
    if (entry === "end") return;
    if (entry === undefined) unusable("it is damaged, or not a backup");
    yield {
      ...entry,
      async *read() {
        for (let left = entry.bytes; left > 0; ) {
          const part = (await bytes.some(left)) ?? unusable("it was cut short");
          left -= part.length;
          yield part;
        }
        await bytes.exactly((blockBytes - (entry.bytes % blockBytes)) % blockBytes);
      },
    };
  }
}
