import assert from "node:assert/strict";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { gzipSync, zstdCompressSync } from "node:zlib";
import { kernelTypesOf } from "./kernel-types.ts";

const folder = mkdtempSync(join(tmpdir(), "atalaya-types-"));
after(() => rmSync(folder, { recursive: true }));

/** As struct btf_header says: so many bytes of types, and so many of names behind them. */
function types(typeBytes: number, nameBytes: number): Buffer {
  const header = Buffer.alloc(24);
  header.writeUInt16LE(0xeb9f, 0);
  header[2] = 1;
  for (const [at, value] of [
    [4, 24],
    [12, typeBytes],
    [16, typeBytes],
    [20, nameBytes],
  ] as const)
    header.writeUInt32LE(value, at);
  return Buffer.concat([header, Buffer.alloc(typeBytes, 1), Buffer.alloc(nameBytes, 2)]);
}

const wanted = types(1_200_000, 100_000);
/** A smaller BTF before it (a module's, a program's), and one that says that it is longer than the image. */
const image = Buffer.concat([Buffer.from("MZ code"), types(64, 16), wanted, types(4_000, 100).subarray(0, 24)]);

function zimg(how: string, payload: Buffer): Buffer {
  const head = Buffer.alloc(64);
  head.write("MZ\0\0zimg", 0, "latin1");
  head.writeUInt32LE(64, 8);
  head.writeUInt32LE(payload.length, 12);
  head.write(how, 24, "latin1");
  return Buffer.concat([head, payload, Buffer.from("signature")]);
}

function typesIn(content: Buffer): Buffer {
  const file = join(folder, "vmlinuz");
  writeFileSync(file, content);
  return kernelTypesOf(file);
}

for (const [name, content] of [
  ["plain", image],
  ["gzip", gzipSync(image)],
  ["an EFI program with a gzip inside", zimg("gzip", gzipSync(image))],
  ["an EFI program with a zstd inside", zimg("zstd22", zstdCompressSync(image))],
] as const)
  test(`the kernel's types are found in an image that is ${name}`, () => {
    assert.ok(typesIn(content).equals(wanted));
  });

test("this kernel's own types are found behind other bytes", () => {
  const own = readFileSync("/sys/kernel/btf/vmlinux");
  assert.ok(typesIn(Buffer.concat([Buffer.alloc(1_000), own])).equals(own));
});

test("an image without types is refused, and one that is packed in another way", () => {
  assert.throws(() => typesIn(Buffer.from("MZ nothing")), /no types are found/);
  assert.throws(() => typesIn(zimg("lzma", image)), /packed by lzma/);
});
