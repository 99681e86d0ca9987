// The kernel's initramfs: `newc` cpio (Documentation/driver-api/early-userspace/buffer-format.rst). Archives may follow one another.
//
//   "070701", 13 numbers of 8 hexadecimal digits, the name with a NUL, zeros to 4 bytes, the content, zeros to 4 bytes
//   ... and an entry named TRAILER!!! at the end

/** What one path of an archive is. Paths have no leading slash; a folder comes before what is in it. */
export type CpioEntry =
  | { path: string; kind: "folder" }
  | { path: string; kind: "link"; target: string }
  | { path: string; kind: "file"; content: Buffer; executable: boolean };

const modes = { folder: 0o040755, link: 0o120777, file: 0o100644 } as const;

/** One archive of the entries, all root's; time is 0, so that the same entries give the same bytes. */
export function cpio(entries: readonly CpioEntry[]): Buffer {
  const parts = entries.flatMap((entry, i) => partsOf(i + 1, entry.path, modeOf(entry), contentOf(entry)));
  return Buffer.concat([...parts, ...partsOf(0, "TRAILER!!!", 0, Buffer.alloc(0))]);
}

function partsOf(inode: number, name: string, mode: number, content: Buffer): Buffer[] {
  const nameBytes = Buffer.from(`${name}\0`);
  const numbers = [inode, mode, 0, 0, 1, 0, content.length, 0, 0, 0, 0, nameBytes.length, 0];
  const header = Buffer.from(`070701${numbers.map((one) => one.toString(16).padStart(8, "0")).join("")}`);
  return [header, nameBytes, padding(header.length + nameBytes.length), content, padding(content.length)];
}

function padding(length: number): Buffer {
  return Buffer.alloc(-length & 3);
}

function modeOf(entry: CpioEntry): number {
  return modes[entry.kind] | (entry.kind === "file" && entry.executable ? 0o111 : 0);
}

function contentOf(entry: CpioEntry): Buffer {
  if (entry.kind === "file") return entry.content;
  return Buffer.from(entry.kind === "link" ? entry.target : "");
}
