import assert from "node:assert/strict";
import { appendFileSync, renameSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { LogTail } from "../../src/file/log-tail.ts";
import { keep, Log, line, readAll } from "./log-writer.ts";

// Read means: nothing is told of it. Gone means: told of once, and never again under whichever name.

test("a file that was read and is compressed then is not told of, also not by whoever goes on later", (t) => {
  const log = new Log(t);
  const tail = new LogTail(log.path);
  log.append(line(1));
  const rotated = log.rename();
  log.append(line(2));
  assert.deepEqual([readAll(tail).lines.length], [2]);
  const zipped = log.compress(rotated);
  log.compress(log.rename());
  renameSync(zipped, join(log.folder, "audit.log.7.gz"));
  log.append(line(3));
  const read = readAll(tail);
  assert.deepEqual([read.lines.length, read.gone], [1, 0]);
  const kept = keep(tail);
  tail.close();
  log.compress(log.rename());
  log.append(line(4));
  const next = readAll(new LogTail(log.path, kept));
  assert.deepEqual([next.lines.length, next.gone], [1, 0]);
});

test("a file that is rotated, and compressed while it is read, is read to its end", (t) => {
  const log = new Log(t);
  const tail = new LogTail(log.path);
  log.append(line(1));
  readAll(tail);
  log.append(line(2));
  log.compress(log.rename());
  tail.look();
  log.append(line(3));
  const read = readAll(tail);
  assert.deepEqual([read.lines.length, read.gone], [2, 0]);
  tail.close();
});

test("files that were compressed before anybody read them are told of, each once", (t) => {
  const log = new Log(t);
  const tail = new LogTail(log.path);
  log.append(line(1));
  readAll(tail);
  const kept = keep(tail);
  tail.close();
  // The one that was being read, with more in it; and two that nobody saw.
  for (const n of [2, 3, 4]) {
    log.append(line(n));
    log.compress(log.rename());
  }
  log.append(line(5));
  const later = new LogTail(log.path, kept);
  const read = readAll(later);
  assert.deepEqual([read.lines.length, read.gone], [1, 3]);
  const again = readAll(new LogTail(log.path, keep(later)));
  assert.deepEqual([again.lines.length, again.gone], [0, 0]);
  later.close();
});

test("a file that waited and is compressed is told of once", (t) => {
  const log = new Log(t);
  const tail = new LogTail(log.path);
  log.append(line(1));
  const rotated = log.rename();
  tail.look();
  log.compress(rotated);
  tail.look();
  log.append(line(2));
  const read = readAll(tail);
  assert.deepEqual([read.lines.length, read.gone], [1, 1]);
  tail.close();
});

test("compressed files that are there at first count as read, so do they for a place that an earlier version kept", (t) => {
  const log = new Log(t);
  log.append(line(1));
  log.compress(log.rename());
  log.append(line(2));
  const tail = new LogTail(log.path);
  assert.equal(readAll(tail).gone, 0);
  const { knowsCompressed: _, ...earlier } = keep(tail);
  tail.close();
  const next = new LogTail(log.path, { ...earlier, files: [] });
  assert.equal(readAll(next).gone, 0);
  next.close();
});

test("while a file is being compressed it is read, and what only looks compressed is told of once", (t) => {
  const log = new Log(t);
  const tail = new LogTail(log.path);
  log.append(line(1));
  const rotated = log.rename();
  writeFileSync(`${rotated}.gz`, "half of it");
  log.append(line(2));
  const read = readAll(tail);
  assert.deepEqual([read.lines.length, read.gone], [2, 0]);
  log.compress(rotated);
  writeFileSync(`${log.path}.9.gz`, "no gzip at all");
  appendFileSync(`${log.path}.8.gz`, "");
  log.rename();
  assert.equal(readAll(tail).gone, 2);
  log.rename();
  assert.equal(readAll(tail).gone, 0);
  tail.close();
});

test("a first line of 15 MiB that compresses a thousand times is known again", (t) => {
  const log = new Log(t);
  const tail = new LogTail(log.path);
  log.append(line(1, 15 * 1024 * 1024));
  const rotated = log.rename();
  log.append(line(2));
  assert.equal(readAll(tail).lines.length, 2);
  log.compress(rotated);
  log.rename();
  assert.equal(readAll(tail).gone, 0);
  tail.close();
});
