import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { readdirSync, rmSync, statSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { LogTail } from "../../src/file/log-tail.ts";
import { keep, Log, line, readAll } from "./log-writer.ts";

test("files whose beginnings a client made alike are each read once, also by whoever goes on later", (t) => {
  const log = new Log(t);
  log.append(line(1));
  const first = new LogTail(log.path);
  log.append(line(2));
  assert.equal(readAll(first).lines.length, 1);
  const place = keep(first);
  first.close();
  const written = [3, 4, 5].map((n) => {
    log.rename();
    const one = line(n, n === 4 ? 2_000_000 : 0);
    log.append(one);
    return one;
  });
  const second = new LogTail(log.path, place);
  assert.deepEqual(readAll(second).lines, written);
  log.rename();
  const last = line(6);
  log.append(last);
  assert.deepEqual(readAll(second).lines, [last]);
  second.close();
});

test("of waiting files that begin alike each that vanishes is told of", (t) => {
  const log = new Log(t);
  log.append(line(1));
  const tail = new LogTail(log.path);
  readAll(tail);
  const waiting = [2, 3, 4].map((n) => {
    log.rename();
    log.append(line(n));
    tail.look();
    return n;
  });
  log.rename();
  tail.look();
  const rotated = readdirSync(log.folder).filter((name) => name !== "audit.log");
  for (const name of rotated.sort().slice(1)) rmSync(join(log.folder, name));
  tail.look();
  assert.equal(readAll(tail).gone, waiting.length);
  tail.close();
});

test("what was copied, truncated and has grown again beyond the place to go on at is read from its beginning", (t) => {
  const log = new Log(t);
  const tail = new LogTail(log.path);
  log.append(line(1), line(2));
  assert.equal(readAll(tail).lines.length, 2);
  log.copyTruncate();
  const again = [3, 4, 5].map((n) => line(n));
  log.append(...again);
  assert.deepEqual(readAll(tail).lines, again);
  tail.close();
});

test("a place that an earlier version kept is gone on at", (t) => {
  const log = new Log(t);
  const read = [line(1), line(2)];
  log.append(...read);
  const bytes = 1_024;
  const beginning = Buffer.from(read.join("\n")).subarray(0, bytes);
  const hash = createHash("sha256").update(beginning).digest("hex").slice(0, 32);
  const end = statSync(log.path).size;
  const next = line(3);
  log.append(next);
  const tail = new LogTail(log.path, { position: end, files: [], open: { bytes, hash, end } });
  assert.deepEqual(readAll(tail).lines, [next]);
  assert.notEqual(tail.place.open?.tail, undefined);
  tail.close();
});
