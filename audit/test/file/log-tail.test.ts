import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { appendFileSync, mkdirSync, rmSync, statSync, truncateSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import fc from "fast-check";
import { auditLimits } from "../../index.ts";
import { LogTail } from "../../src/file/log-tail.ts";
import { keep, Log, line, readAll } from "./log-writer.ts";

test("a log that is there already is followed from its end, half a line included", (t) => {
  const log = new Log(t);
  log.append(line(1), line(2));
  log.rename();
  log.append(line(3));
  appendFileSync(log.path, '{"n":');
  const tail = new LogTail(log.path);
  assert.deepEqual(readAll(tail).lines, []);
  appendFileSync(log.path, "4}\n");
  assert.deepEqual(readAll(tail).lines, ['{"n":4}']);
  tail.close();
});

test("a log and its folder that appear later are read from their beginning", (t) => {
  const log = new Log(t);
  const path = join(log.folder, "later", "audit.log");
  const tail = new LogTail(path);
  assert.equal(readAll(tail).lines.length, 0);
  mkdirSync(join(log.folder, "later"));
  writeFileSync(path, "a\nb\n");
  assert.deepEqual(readAll(tail).lines, ["a", "b"]);
  tail.close();
});

test("a line whose rest comes later is one line; so is one of 12 MiB", (t) => {
  const log = new Log(t);
  const tail = new LogTail(log.path);
  const [first, large] = [line(1), line(2, 12 * 1024 * 1024)];
  appendFileSync(log.path, first.slice(0, 9));
  assert.deepEqual(readAll(tail).lines, []);
  appendFileSync(log.path, `${first.slice(9)}\n`);
  assert.deepEqual(readAll(tail).lines, [first]);
  log.append(large, "behind");
  const read = readAll(tail);
  assert.deepEqual([read.lines[0]?.length, read.lines[1]], [large.length, "behind"]);
  tail.close();
});

test("a line beyond the limit is told by its length, and what follows it is read", (t) => {
  const log = new Log(t);
  const tail = new LogTail(log.path);
  log.append("x".repeat(auditLimits.lineBytesMax + 1), "behind");
  const read = readAll(tail);
  assert.deepEqual([read.tooLong, read.lines], [1, ["behind"]]);
  tail.close();
});

test("a file that was renamed is read to its end before the one in its place", (t) => {
  const log = new Log(t);
  const tail = new LogTail(log.path);
  log.append("a");
  readAll(tail);
  log.append("b");
  log.rename();
  log.append("c");
  assert.deepEqual(readAll(tail).lines, ["b", "c"]);
  tail.close();
});

test("a file that is deleted while it is read is read to its end", (t) => {
  const log = new Log(t);
  const tail = new LogTail(log.path);
  log.append("a");
  readAll(tail);
  log.append("b");
  rmSync(log.rename());
  log.append("c");
  const read = readAll(tail);
  assert.deepEqual([read.lines, read.gone], [["b", "c"], 0]);
  tail.close();
});

test("what was copied and truncated is read from the copy first", (t) => {
  const log = new Log(t);
  const tail = new LogTail(log.path);
  log.append("a");
  readAll(tail);
  log.append("b", "c");
  log.copyTruncate();
  log.append("d");
  assert.deepEqual(readAll(tail).lines, ["b", "c", "d"]);
  log.append("e");
  readAll(tail);
  log.copyTruncate();
  // The new content is longer than what was read of the old one: only the beginning tells.
  log.append("f".repeat(100));
  assert.deepEqual(readAll(tail).lines, ["f".repeat(100)]);
  tail.close();
});

test("a half line of which the file was cut off goes on in the copy; without a copy it is told of", (t) => {
  for (const [hasCopy, wanted] of [
    [true, [["half"], 0]],
    [false, [[], 1]],
  ] as const) {
    const log = new Log(t);
    const tail = new LogTail(log.path);
    log.append("a");
    appendFileSync(log.path, "ha");
    readAll(tail);
    appendFileSync(log.path, "lf\n");
    if (hasCopy) log.copyTruncate();
    else truncateSync(log.path);
    const read = readAll(tail);
    assert.deepEqual([read.lines, read.gone], wanted);
    tail.close();
  }
});

test("the last line of a rotated file that was never ended is given as a half", (t) => {
  const log = new Log(t);
  const tail = new LogTail(log.path);
  appendFileSync(log.path, "a\nhalf");
  log.rename();
  log.append("b");
  const read = readAll(tail);
  assert.deepEqual([read.lines, read.halves], [["a", "b"], 1]);
  log.rename();
  log.append("c");
  assert.deepEqual([readAll(tail).lines, readAll(tail).halves], [["c"], 0], "and not again");
  tail.close();
});

test("whoever goes on later reads what was rotated meanwhile, oldest first, once", (t) => {
  const log = new Log(t);
  const first = new LogTail(log.path);
  log.append("a", "b");
  readAll(first);
  const place = keep(first);
  first.close();
  log.append("c");
  log.rename();
  log.append("d");
  log.rename();
  log.append("e");
  const second = new LogTail(log.path, place);
  assert.deepEqual(readAll(second).lines, ["c", "d", "e"]);
  const again = new LogTail(log.path, keep(second));
  assert.deepEqual(readAll(again).lines, []);
  for (const one of [second, again]) one.close();
});

test("names and times of rotated files that a clock set back leave nothing out and double nothing", (t) => {
  const log = new Log(t);
  const first = new LogTail(log.path);
  log.append("a");
  readAll(first);
  const place = keep(first);
  log.append("b");
  log.rename(500);
  log.append("c");
  log.rename(3);
  log.append("d");
  const second = new LogTail(log.path, place);
  assert.deepEqual(readAll(second).lines.sort(), ["b", "c", "d"]);
  assert.deepEqual(readAll(first).lines.sort(), ["b", "c", "d"]);
  for (const one of [first, second]) one.close();
});

test("a file that was being read and is gone counts as gone, and its number given to another changes nothing", (t) => {
  const log = new Log(t);
  const first = new LogTail(log.path);
  log.append("a");
  readAll(first);
  const place = keep(first);
  first.close();
  const inode = statSync(log.path).ino;
  rmSync(log.path);
  // On most file systems the number is given out again at once.
  writeFileSync(log.path, "another\n");
  t.diagnostic(`the inode was ${inode === statSync(log.path).ino ? "" : "not "}given out again`);
  const second = new LogTail(log.path, place);
  second.notBefore(1_000);
  const read = readAll(second);
  assert.deepEqual([read.lines, read.gone], [["another"], 1]);
  assert.ok((read.positions[0] ?? 0) > 1_000, "it goes on behind what an earlier run had sent");
  second.close();
});

test("rotated files that vanish while nobody reads are told of", (t) => {
  const log = new Log(t);
  const tail = new LogTail(log.path);
  log.append("a");
  readAll(tail);
  log.rename();
  log.append("b");
  const lost = log.rename();
  log.append("c");
  tail.look();
  rmSync(lost);
  tail.look();
  const read = readAll(tail);
  assert.deepEqual([read.lines, read.gone], [["c"], 1]);
  tail.close();
});

test("pipes, links and files of others in the folder are not read", (t) => {
  const log = new Log(t);
  const tail = new LogTail(log.path);
  log.append("a");
  readAll(tail);
  execFileSync("mkfifo", [join(log.folder, "audit-2025-01-01T00-00-00.000.log")]);
  execFileSync("ln", ["-s", "/etc/passwd", join(log.folder, "audit.log.7")]);
  writeFileSync(join(log.folder, "audit-other.log"), "not ours\n");
  writeFileSync(join(log.folder, "audit.log.old"), "not ours\n");
  log.rename();
  log.append("b");
  assert.deepEqual(readAll(tail).lines, ["b"]);
  tail.close();
});

for (const reads of [1, 2, 3]) {
  for (const grows of [true, false]) {
    const then = grows ? "goes on" : "stays empty";
    test(`a log that is copied and truncated after ${reads} reads of its first line, and ${then}: each line once`, (t) => {
      const log = new Log(t);
      const tail = new LogTail(log.path, undefined, 300);
      const [first, second, third] = [line(1), line(2), line(3)];
      log.append(first);
      readAll(tail);
      log.rename();
      readAll(tail);
      log.append(second);
      for (let n = 0; n < reads; n++) assert.deepEqual(tail.read().lines, []);
      log.copyTruncate();
      if (grows) log.append(third);
      const read = readAll(tail);
      assert.deepEqual([read.lines, read.gone], [grows ? [second, third] : [second], 0]);
      tail.close();
    });
  }
}

type Step = { do: "append" | "half" | "rename" | "copy" | "read" | "kill" | "keep"; n: number };
const steps = fc.array(
  fc.record<Step>({
    do: fc.constantFrom("append", "append", "half", "rename", "copy", "read", "read", "kill", "keep"),
    n: fc.integer({ min: 1, max: 40 }),
  }),
  { maxLength: 60 },
);

test("whatever order of writing, rotating, reading and being killed: each line comes once, at a place of its own", () => {
  fc.assert(
    fc.property(steps, fc.integer({ min: 7, max: 300 }), (todo, readBytes) => {
      const log = new Log();
      try {
        let tail = new LogTail(log.path, { position: 0, files: [] }, readBytes);
        let kept = keep(tail);
        /** By place: what an earlier run read before it was killed, and reads again. */
        const got = new Map<number, string>();
        const written: string[] = [];
        let half = "";
        const take = (most: number) => {
          for (let i = 0; i < most; i++) {
            const read = tail.read();
            assert.equal(read.gone, 0);
            for (const one of read.lines) {
              assert.ok(!("tooLong" in one) && one.isWhole);
              const before = got.get(one.position);
              if (before !== undefined) assert.equal(one.line.toString(), before);
              got.set(one.position, one.line.toString());
            }
            // As the collector does: what was read is settled before the next file is opened.
            if (read.ended) kept = keep(tail);
          }
        };
        for (const { do: what, n } of [...todo, { do: "append", n: 1 } as const, { do: "read", n: 5_000 } as const]) {
          if (what === "append") {
            const text = line(written.length, n);
            appendFileSync(log.path, half === "" ? `${text}\n` : `${half.slice(7)}\n`);
            written.push(half === "" ? text : half);
            half = "";
          } else if (what === "half" && half === "") {
            half = line(written.length, n);
            appendFileSync(log.path, half.slice(0, 7));
          } else if (what === "rename" && half === "" && statSize(log.path) > 0) log.rename();
          else if (what === "copy" && half === "" && statSize(log.path) > 0) log.copyTruncate();
          else if (what === "read") take(n);
          else if (what === "keep") kept = keep(tail);
          else if (what === "kill") {
            tail.close();
            tail = new LogTail(log.path, kept, readBytes);
          }
        }
        tail.close();
        assert.deepEqual([...got.values()], written);
      } finally {
        log.remove();
      }
    }),
    { numRuns: 200 },
  );
});

function statSize(path: string): number {
  try {
    return statSync(path).size;
  } catch {
    return 0;
  }
}
