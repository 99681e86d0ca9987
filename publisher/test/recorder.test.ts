import assert from "node:assert/strict";
import { mkdtempSync, readdirSync, readFileSync, rmSync, utimesSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { decodeFrames } from "@atalaya/wire";
import { Recorder, type RecorderOptions } from "../src/recorder/recorder.ts";
import { frame } from "./made-frames.ts";

const generous = { eventsMax: 100_000, bytesMax: 1 << 26, framesMax: 100_000 };
const minuteMs = 60_000;

function folder(t: TestContext): string {
  const made = mkdtempSync(join(tmpdir(), "atalaya-recorder-"));
  t.after(() => rmSync(made, { recursive: true, force: true }));
  return made;
}

async function opened(t: TestContext, options: Partial<RecorderOptions> & { folder: string }): Promise<Recorder> {
  const recorder = new Recorder(options);
  await recorder.open();
  t.after(() => recorder.close());
  return recorder;
}

const of = (containerId: string, position: number, count = 1, timeUs = 5) =>
  frame(position, "network", count, { containerId, firstTimeUs: timeUs, lastTimeUs: timeUs });

const positions = (frames: readonly Buffer[]) => {
  const read = decodeFrames(Buffer.concat(frames));
  assert.ok(read.ok);
  return read.value.map((one) => one.header.firstPosition);
};

test("a window is one container's frames since then, oldest first", async (t) => {
  const recorder = await opened(t, { folder: folder(t) });
  recorder.take([of("a", 1, 1, 5), of("b", 1), of("a", 2, 1, 20)]);
  recorder.take([of("a", 3, 1, 30)]);
  const { frames, cut, damaged } = await recorder.window("a", 10, generous);
  assert.deepEqual(positions(frames), [2, 3]);
  assert.deepEqual([cut, damaged], [false, 0]);
  assert.deepEqual((await recorder.window("none", 0, generous)).frames, []);
  assert.equal(recorder.counts.recorded, 4);
});

test("an answer holds its own frames and not the blocks that they lay in", async (t) => {
  const recorder = await opened(t, { folder: folder(t) });
  for (let at = 1; at <= 50; at++) {
    recorder.take([of("a", at), ...Array.from({ length: 40 }, (_, other) => of("b", at * 100 + other))]);
    await recorder.window("none", 0, generous);
  }
  const { frames } = await recorder.window("a", 0, generous);
  assert.equal(frames.length, 50);
  const held = [...new Set(frames.map((one) => one.buffer))].reduce((sum, { byteLength }) => sum + byteLength, 0);
  const said = frames.reduce((sum, one) => sum + one.length, 0);
  assert.equal(held, said);
});

test("a file of an earlier process with nothing readable in it is removed", async (t) => {
  const own = folder(t);
  writeFileSync(join(own, "3.recorded"), "");
  writeFileSync(join(own, "4.recorded"), Buffer.alloc(100_000, 7));
  const recorder = await opened(t, { folder: own });
  assert.deepEqual(readdirSync(own), []);
  recorder.take([of("a", 1)]);
  assert.equal((await recorder.window("a", 0, generous)).frames.length, 1);
});

test("what is no frame of a container is refused, and counted", async (t) => {
  const recorder = await opened(t, { folder: folder(t) });
  recorder.take([Buffer.from("nothing"), frame(1, "process"), frame(1, "sensor", 1, { containerId: "a" }), of("a", 1)]);
  assert.equal(recorder.counts.refused_frames, 3);
  assert.equal((await recorder.window("a", 0, generous)).frames.length, 1);
});

test("what is older than its time goes, and an answer says since when anything is kept", async (t) => {
  let nowMs = 1_000 * minuteMs;
  const recorder = await opened(t, { folder: folder(t), nowMs: () => nowMs });
  for (let minute = 0; minute < 14; minute++) {
    recorder.take([of("a", minute + 1)]);
    await recorder.window("a", 0, generous);
    nowMs += minuteMs;
  }
  const { frames, keptFromUs } = await recorder.window("a", 0, generous);
  assert.deepEqual(positions(frames), [5, 6, 7, 8, 9, 10, 11, 12, 13, 14]);
  assert.equal(keptFromUs, 1_004 * minuteMs * 1_000);
  assert.deepEqual(recorder.counts, { recorded: 14, aged: 4, given_up: 0, unwritten: 0, refused_frames: 0 });
});

test("at its cap the oldest goes first, and is counted", async (t) => {
  let nowMs = 1_000 * minuteMs;
  const recorder = await opened(t, { folder: folder(t), bytesMax: 40_000, ageMsMax: 1e9, nowMs: () => nowMs });
  for (let at = 1; at <= 400; at++) {
    nowMs += minuteMs / 4;
    recorder.take([of("a", at)]);
    await recorder.window("none", 0, generous);
    assert.ok(recorder.bytes <= 40_000, `${recorder.bytes} bytes`);
  }
  const { frames } = await recorder.window("a", 0, generous);
  const kept = positions(frames);
  assert.equal(kept.at(-1), 400);
  assert.equal(recorder.counts.given_up, (kept[0] ?? 0) - 1, "all before the oldest that is left");
  assert.equal(recorder.counts.recorded, 400);
});

test("a container that records more than its share pushes out its like, and not the others", async (t) => {
  const where = folder(t);
  const recorder = await opened(t, { folder: where, bytesMax: 64_000 });
  recorder.take([of("quiet", 1)]);
  for (let at = 1; at <= 600; at++) {
    recorder.take([of("loud", at, 5)]);
    if (at % 30 === 0) recorder.take([of("quiet", 1 + at / 30)]);
    await recorder.window("none", 0, generous);
    assert.ok(recorder.bytes <= 64_000, `${recorder.bytes} bytes`);
  }
  const quiet = positions((await recorder.window("quiet", 0, generous)).frames);
  assert.deepEqual(
    quiet,
    Array.from({ length: 21 }, (_, i) => i + 1),
  );
  const loud = positions((await recorder.window("loud", 0, generous)).frames);
  assert.equal(loud.at(-1), 600);
  assert.ok(loud.length < 600, "its own are given up");
  assert.ok(recorder.counts.given_up > 0);
  const again = await opened(t, { folder: where, bytesMax: 64_000 });
  assert.equal((await again.window("quiet", 0, generous)).frames.length, 21);
  assert.equal((await again.window("loud", 0, generous)).frames.length, loud.length);
});

test("an answer is bounded: the newest events are in it", async (t) => {
  const recorder = await opened(t, { folder: folder(t) });
  recorder.take(Array.from({ length: 50 }, (_, i) => of("a", i * 10 + 1, 10)));
  const { frames, cut } = await recorder.window("a", 0, { ...generous, eventsMax: 105 });
  assert.equal(frames.length, 10);
  assert.equal(positions(frames).at(-1), 491);
  assert.equal(cut, true);
});

test("what an earlier process recorded is there, but for what is damaged, which is counted", async (t) => {
  const where = folder(t);
  const first = await opened(t, { folder: where });
  for (const at of [1, 2, 3]) {
    first.take([of("a", at)]);
    await first.window("none", 0, generous);
  }
  await first.close();
  const [name = ""] = readdirSync(where);
  const bytes = readFileSync(join(where, name));
  const second = bytes.indexOf("ATBK", 10);
  bytes[bytes.indexOf("ATBK", second + 10) - 3] = 0xff;
  writeFileSync(join(where, name), Buffer.concat([bytes, Buffer.from("ATBK torn")]));
  const again = await opened(t, { folder: where });
  again.take([of("a", 4)]);
  const { frames, damaged } = await again.window("a", 0, generous);
  assert.deepEqual(positions(frames), [1, 3, 4]);
  assert.equal(damaged, 1);
});

test("a clock that was set back leaves the order of what was recorded as it was", async (t) => {
  const where = folder(t);
  const first = await opened(t, { folder: where });
  first.take([of("a", 1)]);
  await first.close();
  const inAnHour = Date.now() / 1_000 + 3_600;
  for (const name of readdirSync(where)) utimesSync(join(where, name), inAnHour, inAnHour);
  const again = await opened(t, { folder: where });
  again.take([of("a", 2)]);
  assert.deepEqual(positions((await again.window("a", 0, generous)).frames), [1, 2]);
});

test("it gives way when the spool's disk is short: file by file, and nothing is written for a while", async (t) => {
  const recorder = await opened(t, { folder: folder(t) });
  assert.equal(await recorder.giveWay(), false);
  const other = await opened(t, { folder: folder(t) });
  other.take([of("a", 1, 3)]);
  await other.window("a", 0, generous);
  assert.equal(await other.giveWay(), true);
  assert.equal(other.bytes, 0);
  other.take([of("a", 4, 2)]);
  assert.deepEqual((await other.window("a", 0, generous)).frames, []);
  assert.deepEqual(other.counts, { recorded: 3, aged: 0, given_up: 3, unwritten: 2, refused_frames: 0 });
});
