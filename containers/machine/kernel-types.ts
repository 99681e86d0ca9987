// The kernel's types (BTF) out of its image, for a build for another machine than this one: an uncompressed image, a gzip of
// it (arm64 before 6.x), or an EFI program with the image packed inside ("zimg", drivers/firmware/efi/libstub/zboot-header.S:
// at 8 where the packed image begins and how long it is, at 24 how it is packed).
import { readFileSync } from "node:fs";
import { gunzipSync, zstdDecompressSync } from "node:zlib";

/** struct btf_header of version 1, little endian, with its length of 24 bytes. */
const btfStart = Buffer.from([0x9f, 0xeb, 1, 0, 24, 0, 0, 0]);

/** The raw BTF, as in /sys/kernel/btf/vmlinux. Throws an Error when the image is of another form. */
export function kernelTypesOf(vmlinuz: string): Buffer {
  const image = unpacked(readFileSync(vmlinuz));
  let largest: Buffer = Buffer.alloc(0);
  for (let at = image.indexOf(btfStart); at >= 0; at = image.indexOf(btfStart, at + 1)) {
    const bytes = 24 + image.readUInt32LE(at + 16) + image.readUInt32LE(at + 20);
    if (bytes > largest.length && at + bytes <= image.length) largest = image.subarray(at, at + bytes);
  }
  if (largest.length < 1_000_000) throw new Error(`no types are found in ${vmlinuz}`);
  return largest;
}

function unpacked(file: Buffer): Buffer {
  if (file.readUInt16BE(0) === 0x1f8b) return gunzipSync(file);
  if (file.subarray(4, 8).toString("latin1") !== "zimg") return file;
  const from = file.readUInt32LE(8);
  const payload = file.subarray(from, from + file.readUInt32LE(12));
  const how = file.subarray(24, 32).toString("latin1").replace(/\0.*$/s, "");
  if (how === "gzip") return gunzipSync(payload);
  if (how.startsWith("zstd")) return zstdDecompressSync(payload);
  throw new Error(`the image is packed by ${how}, which is not known here`);
}
