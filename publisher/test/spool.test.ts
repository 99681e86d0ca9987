import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { mkdtempSync, rmSync, truncateSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, describe, test } from "node:test";
import fc from "fast-check";
import { Counters } from "../src/counters.ts";
import { segmentPath } from "../src/segment.ts";
import { Spool } from "../src/spool.ts";

const root = mkdtempSync(join(tmpdir(), "atalaya-spool-"));
after(() => rmSync(root, { recursive: true, force: true }));
let runs = 0;
const mebibyte = 1024 * 1024;

async function opened(folder: string, counters = new Counters(), bytesMax?: number): Promise<Spool> {
  const spool = new Spool("life", folder, counters, bytesMax);
  await spool.open();
  return spool;
}

describe("the spool", () => {
  test("gives up its oldest segment beyond its cap, counts it, and keeps the newest frames", async () => {
    const counters = new Counters();
    const spool = await opened(join(root, `${++runs}`), counters, 40 * mebibyte);
    const frames = Array.from({ length: 30 }, () => randomBytes(2 * mebibyte));
    for (const frame of frames) await spool.append([frame]);
    const lost = counters.get("life_given_up_frames");
    assert.ok(lost > 0);
    assert.equal(spool.pending, frames.length - lost);
    const [oldest] = await spool.take(1, 1);
    assert.ok(oldest?.equals(frames[lost] ?? Buffer.alloc(0)));
    await spool.close();
  });

  test("frames that are given up while they are on their way are not confirmed in another's place", async () => {
    const spool = await opened(join(root, `${++runs}`), new Counters(), 20 * mebibyte);
    const frames = Array.from({ length: 16 }, () => randomBytes(2 * mebibyte));
    for (const frame of frames.slice(0, 8)) await spool.append([frame]);
    const taken = await spool.take(4 * mebibyte, 2);
    assert.equal(taken.length, 1);
    for (const frame of frames.slice(8)) await spool.append([frame]);
    const before = spool.pending;
    await spool.confirm();
    assert.equal(spool.pending, before);
    await spool.close();
  });

  test("cut anywhere, it comes back with the whole frames before the cut, in order", async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.uint8Array({ minLength: 1, maxLength: 400 }), { minLength: 1, maxLength: 12 }),
        fc.nat(),
        async (given, cutAt) => {
          const folder = join(root, `${++runs}`);
          const frames = given.map((bytes) => Buffer.from(bytes));
          const first = await opened(folder);
          for (const frame of frames) await first.append([frame]);
          await first.close();
          const total = frames.reduce((sum, frame) => sum + 8 + frame.length, 0);
          const size = cutAt % (total + 1);
          truncateSync(segmentPath(join(folder, "life"), 1), size);
          const counters = new Counters();
          const again = await opened(folder, counters);
          const expected: Buffer[] = [];
          let bytes = 0;
          for (const frame of frames) {
            if (bytes + 8 + frame.length > size) break;
            bytes += 8 + frame.length;
            expected.push(frame);
          }
          assert.deepEqual(await again.take(mebibyte, 100), expected);
          assert.equal(counters.get("life_torn_bytes"), size - bytes);
          await again.append([Buffer.from("new")]);
          await again.confirm();
          assert.deepEqual((await again.take(mebibyte, 100)).map(String), ["new"]);
          await again.close();
        },
      ),
      { numRuns: 60 },
    );
  });
});
