import assert from "node:assert/strict";
import test from "node:test";
import { zstdCompressSync } from "node:zlib";
import { Fault, limits } from "@atalaya/wire";
import { unpackZstd } from "../../src/api/unpack.ts";

const refusedAs = (code: string) => (error: unknown) => error instanceof Fault && error.code === code;

test("a body of several zstd frames unpacks to all of them", async () => {
  const pieces = ["one", "", "two".repeat(50_000), "three"];
  const body = Buffer.concat(pieces.map((piece) => zstdCompressSync(piece)));
  assert.equal(String(await unpackZstd(body)), pieces.join(""));
});

test("the bound on what a body unpacks to holds for all its frames together", async () => {
  const half = zstdCompressSync(Buffer.alloc(limits.ingestUnpackedBytesMax / 2));
  assert.equal((await unpackZstd(Buffer.concat([half, half]))).length, limits.ingestUnpackedBytesMax);
  await assert.rejects(unpackZstd(Buffer.concat([half, half, half])), refusedAs("BODY_TOO_LARGE"));
});

test("garbage behind a frame, a torn last frame, and more frames than a publisher sends are refused", async () => {
  const piece = zstdCompressSync("piece");
  await assert.rejects(unpackZstd(Buffer.concat([piece, Buffer.from("garbage")])), refusedAs("BODY_ENCODING"));
  await assert.rejects(unpackZstd(Buffer.concat([piece, piece.subarray(0, 6)])), refusedAs("BODY_ENCODING"));
  const many = Array.from({ length: limits.ingestPiecesMax + 1 }, () => piece);
  await assert.rejects(unpackZstd(Buffer.concat(many)), refusedAs("BODY_ENCODING"));
});
