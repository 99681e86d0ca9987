import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { cpSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, truncateSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, describe, test } from "node:test";
import { decodeFrames, type Frame } from "@atalaya/wire";
import fc from "fast-check";
import { eventsPerTick, MadeLoad, tickMs } from "../bench/made-load.ts";
import { Counters } from "../src/counters.ts";
import { limits } from "../src/limits.ts";
import { readFrameHead } from "../src/spool/frame-head.ts";
import { unpack } from "../src/spool/pack.ts";
import { Spool, type SpoolOptions } from "../src/spool/spool.ts";
import { spoolCounters } from "../src/spool/spool-ledger.ts";
import { frame, newerFrame, noisyFrame } from "./made-frames.ts";

const root = mkdtempSync(join(tmpdir(), "atalaya-spool-"));
after(() => rmSync(root, { recursive: true, force: true }));
let runs = 0;
const mebibyte = 1024 * 1024;
const newFolder = () => join(root, `${++runs}`);

async function opened(folder: string, given: Partial<SpoolOptions> = {}): Promise<Spool> {
  const spool = new Spool({ folder, counters: new Counters(), pauseMs: 0, ...given });
  await spool.open();
  return spool;
}

type Account = Record<string, number>;
function account(spool: Spool, name: string): Account {
  const all = spoolCounters([spool.lanes.life.state, spool.lanes.bulk.state]);
  return Object.fromEntries(all.filter((one) => one.class === name).map(({ reason, value }) => [reason, value]));
}

function assertBalanced(spool: Spool, name: string): Account {
  const { received = 0, pending = 0, ...out } = account(spool, name);
  const gone = Object.values(out).reduce((sum, value) => sum + value, 0);
  assert.equal(received, gone + pending, JSON.stringify(account(spool, name)));
  return account(spool, name);
}

/** Takes and settles all that waits in a lane; gives the frames, in order. */
async function drain(spool: Spool, lane: "life" | "bulk" = "life", single = false): Promise<Frame[]> {
  const frames: Frame[] = [];
  for (;;) {
    const batch = await spool.lanes[lane].reader.take(single);
    if (batch === undefined) return frames;
    for (const piece of batch.pieces) {
      const read = decodeFrames(unpack(piece) ?? Buffer.alloc(0));
      assert.ok(read.ok);
      frames.push(...read.value);
    }
    await spool.lanes[lane].reader.settle(batch, "delivered");
  }
}

const positions = (frames: readonly Frame[]) => frames.map((one) => one.header.firstPosition);

describe("the spool", () => {
  test("keeps frames over a restart and gives them in order, whole or one by one", async () => {
    const folder = newFolder();
    const first = await opened(folder);
    await first.keep([frame(1), frame(2, "file"), frame(3, "process", 4)]);
    await first.keep([frame(10)]);
    await first.close();
    const second = await opened(folder);
    const batch = await second.lanes.life.reader.take(true);
    assert.equal(batch?.here[8], 1);
    await second.lanes.life.reader.settle(batch as never, "refused");
    assert.deepEqual(positions(await drain(second)), [3, 10]);
    assert.deepEqual(positions(await drain(second, "bulk", true)), [2]);
    assert.deepEqual(assertBalanced(second, "process"), { received: 6, delivered: 5, refused: 1 });
    assert.equal(second.epoch, first.epoch);
    await second.close();
  });

  test("a restart in the middle of a block goes on with the frames that were not settled", async () => {
    const folder = newFolder();
    const first = await opened(folder);
    await first.keep([frame(1), frame(2), frame(3)]);
    const batch = await first.lanes.life.reader.take(true);
    await first.lanes.life.reader.settle(batch as never, "delivered");
    await first.close();
    const second = await opened(folder);
    assert.deepEqual(positions(await drain(second)), [2, 3]);
    assert.deepEqual(assertBalanced(second, "process"), { received: 3, delivered: 3 });
    await second.close();
  });

  test("at its cap, bulk gives way to life, then the oldest life to the newest, and all is counted", async () => {
    const spool = await opened(newFolder(), { bytesMax: 4 * mebibyte });
    for (let i = 0; i < 30; i++) await spool.keep([noisyFrame(i, 100_000, "file")]);
    for (let i = 0; i < 60; i++) await spool.keep([noisyFrame(100 + i, 100_000)]);
    assert.ok(spool.bytes <= 4 * mebibyte);
    const file = assertBalanced(spool, "file");
    assert.deepEqual([file["given_up"], file["pending"]], [30, undefined]);
    const life = assertBalanced(spool, "process");
    const lost = life["given_up"] ?? 0;
    assert.ok(lost > 0 && lost < 40);
    assert.deepEqual(
      positions(await drain(spool)),
      Array.from({ length: 60 - lost }, (_, i) => 100 + lost + i),
    );
    await spool.keep([noisyFrame(50, 100_000, "file")]);
    assert.deepEqual(positions(await drain(spool, "bulk")), [50]);
    await spool.close();
  });

  test("what is on its way is not given up, and what is counted as given up is not delivered", async () => {
    const spool = await opened(newFolder(), { bytesMax: 2 * mebibyte });
    for (let i = 0; i < 8; i++) await spool.keep([noisyFrame(i, 100_000)]);
    const batch = await spool.lanes.life.reader.take(true);
    for (let i = 8; i < 40; i++) await spool.keep([noisyFrame(i, 100_000)]);
    await spool.lanes.life.reader.settle(batch as never, "delivered");
    const rest = await drain(spool);
    const { given_up = 0, delivered } = assertBalanced(spool, "process");
    assert.ok(given_up > 0);
    assert.equal(delivered, rest.length + 1);
    assert.equal(given_up + rest.length + 1, 40);
    await spool.close();
  });

  test("frames older than the limit go, file by file", async () => {
    const spool = await opened(newFolder(), { bytesMax: 2 * mebibyte, ageMsMax: 60_000 });
    for (let i = 0; i < 8; i++) await spool.keep([noisyFrame(i, 100_000)]);
    await spool.giveUpOld();
    assert.equal(account(spool, "process")["given_up"], undefined);
    await spool.giveUpOld((Date.now() + 120_000) * 1_000);
    assert.ok((assertBalanced(spool, "process")["given_up"] ?? 0) >= 6);
    await spool.close();
  });

  test("frames that it had before are counted apart, also after a kill, and reports never are", async () => {
    const folder = newFolder();
    const first = await opened(folder);
    const all = [frame(1, "process", 3), frame(2, "file"), frame(1, "sensor")];
    await first.keep(all);
    await first.keep(all);
    const killed = newFolder();
    cpSync(folder, killed, { recursive: true });
    const second = await opened(killed);
    await second.keep(all);
    await drain(second);
    assert.deepEqual(assertBalanced(second, "process"), { received: 9, delivered: 3, deduplicated: 6 });
    assert.deepEqual(assertBalanced(second, "sensor"), { received: 3, delivered: 3 });
    await second.close();
    await first.close();
  });

  test("a frame that this build cannot read is kept as it is; one that is broken is counted and not kept", async () => {
    const spool = await opened(newFolder());
    const broken = Buffer.from(frame(2, "process", 5));
    broken[broken.length - 1] = (broken.at(-1) ?? 0) ^ 1;
    const newer = newerFrame(3);
    await spool.keep([frame(1), newer, broken, frame(4)]);
    const batch = await spool.lanes.life.reader.take();
    const bytes = Buffer.concat((batch?.pieces ?? []).map((piece) => unpack(piece) ?? Buffer.alloc(0)));
    assert.ok(bytes.equals(Buffer.concat([frame(1), newer, frame(4)])));
    await spool.lanes.life.reader.settle(batch as never, "delivered");
    assert.deepEqual(assertBalanced(spool, "process"), { received: 7, delivered: 2, refused: 5 });
    await spool.close();
  });

  test("an hour without the hub at 2,000 events/s fits in 1 GiB", async () => {
    const spool = await opened(newFolder());
    const load = new MadeLoad();
    // Ten seconds, in writes as large as the lanes' pauses make them.
    const [lifeTicks, bulkTicks] = [limits.writePauseMs.life / tickMs, limits.writePauseMs.bulk / tickMs];
    const waiting: Record<"life" | "bulk", Buffer[]> = { life: [], bulk: [] };
    for (let tick = 1; tick <= 1_000; tick++) {
      for (const { name, bytes } of load.tick()) waiting[name === "process" ? "life" : "bulk"].push(bytes);
      if (tick % lifeTicks === 0) await spool.keep(waiting.life.splice(0));
      if (tick % bulkTicks === 0) await spool.keep(waiting.bulk.splice(0));
    }
    const eventBytes = spool.bytes / (1_000 * eventsPerTick);
    assert.ok(eventBytes * 2_000 * 3_600 < limits.spoolBytesMax, `${eventBytes.toFixed(0)} bytes an event`);
    await spool.close();
  });

  test("no bytes make the reader of frame headers throw", () => {
    const good = frame(1, "process", 2);
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), fc.nat(good.length), (noise, at) => {
        readFrameHead(Buffer.from(noise));
        const changed = Buffer.from(good);
        changed.set(noise.subarray(0, changed.length - at), at);
        readFrameHead(changed);
        readFrameHead(good.subarray(0, at));
      }),
    );
  });
});

type Step =
  | { do: "keep"; lane: "process" | "file"; events: number[] }
  | { do: "deliver"; lane: "life" | "bulk"; single: boolean }
  | { do: "lose"; lane: "life" | "bulk" }
  | { do: "kill" };

const lane = fc.constantFrom("life" as const, "bulk" as const);
const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 5,
    arbitrary: fc.record({
      do: fc.constant("keep" as const),
      lane: fc.constantFrom("process" as const, "file" as const),
      events: fc.array(fc.integer({ min: 1, max: 20 }), { minLength: 1, maxLength: 4 }),
    }),
  },
  { weight: 3, arbitrary: fc.record({ do: fc.constant("deliver" as const), lane, single: fc.boolean() }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant("lose" as const), lane }) },
  { weight: 2, arbitrary: fc.constant({ do: "kill" as const }) },
);

/** A spool that is killed (its folder as it is at that moment goes on) among all kinds of use. */
class Model {
  folder = newFolder();
  spool: Spool | undefined;
  position = 1;
  acknowledged = { process: 0, file: 0 };
  readonly sent = new Map<number, number>();
  readonly abandoned: Spool[] = [];

  async run(steps: readonly Step[]): Promise<void> {
    this.spool = await opened(this.folder, { bytesMax: mebibyte });
    await this.goOn(steps);
  }

  async goOn(steps: readonly Step[]): Promise<void> {
    for (const one of steps) if (this.spool !== undefined) await this.#step(one, this.spool);
  }

  async #step(one: Step, spool: Spool): Promise<void> {
    if (one.do === "kill") return this.kill();
    if (one.do === "keep") {
      const frames = one.events.map((count) => {
        const made = frame(this.position, one.lane, count);
        this.sent.set(this.position, count);
        this.position += count;
        return made;
      });
      await spool.keep(frames);
      this.acknowledged[one.lane] += one.events.reduce((sum, count) => sum + count, 0);
      return;
    }
    const { reader } = spool.lanes[one.lane];
    const batch = await reader.take(one.do === "deliver" && one.single);
    if (batch === undefined) return;
    if (one.do === "lose") reader.release();
    else await reader.settle(batch, "delivered");
  }

  async kill(damage: (folder: string) => void = () => {}): Promise<void> {
    const next = newFolder();
    cpSync(this.folder, next, { recursive: true });
    if (this.spool !== undefined) this.abandoned.push(this.spool);
    damage(next);
    this.folder = next;
    this.spool = await opened(next, { bytesMax: mebibyte });
  }

  async end(): Promise<void> {
    for (const spool of [...this.abandoned, this.spool]) await spool?.close();
  }
}

type Damage = { lane: "life" | "bulk"; file: number; kind: string; at: number; size: number };
const damage: fc.Arbitrary<Damage> = fc.record({
  lane,
  file: fc.nat(5),
  kind: fc.constantFrom("flip", "cut", "zero", "append", "empty", "remove"),
  at: fc.nat(),
  size: fc.integer({ min: 1, max: 300 }),
});

function harm(folder: string, { lane: name, file, kind, at, size }: Damage): void {
  const files = readdirSync(join(folder, name)).sort();
  if (files.length === 0) return;
  const path = join(folder, name, files[file % files.length] ?? "");
  const bytes = readFileSync(path);
  const where = at % Math.max(1, bytes.length);
  if (kind === "remove") rmSync(path);
  else if (kind === "empty") truncateSync(path, 0);
  else if (kind === "cut") truncateSync(path, where);
  else if (kind === "append") writeFileSync(path, Buffer.concat([bytes, randomBytes(size)]));
  else if (statSync(path).size > 0) {
    if (kind === "flip") bytes[where] = (bytes[where] ?? 0) ^ (1 << (at % 8));
    else bytes.fill(0, where, Math.min(bytes.length, where + size));
    writeFileSync(path, bytes);
  }
}

describe("the spool, against a model", () => {
  const steps = fc.array(step, { minLength: 1, maxLength: 14 });

  test("over kills at any moment, every acknowledged event is delivered, and the account is exact", async () => {
    await fc.assert(
      fc.asyncProperty(steps, async (given) => {
        const model = new Model();
        await model.run([...given, { do: "kill" }]);
        const spool = model.spool as Spool;
        const got = { process: await drain(spool), file: await drain(spool, "bulk") };
        for (const name of ["process", "file"] as const) {
          const { received = 0, delivered = 0 } = assertBalanced(spool, name);
          assert.deepEqual([received, delivered], [model.acknowledged[name], model.acknowledged[name]]);
          assert.deepEqual(
            positions(got[name]),
            positions(got[name]).toSorted((a, b) => a - b),
          );
        }
        await model.end();
      }),
      { numRuns: 40 },
    );
  });

  test("over any damage, what is left is delivered as it was, and what is not is counted to the event", async () => {
    await fc.assert(
      fc.asyncProperty(
        steps,
        steps,
        fc.array(damage, { minLength: 1, maxLength: 3 }),
        async (before, later, wrongs) => {
          const model = new Model();
          await model.run(before);
          await model.spool?.checkpoint();
          await model.kill((folder) => {
            for (const wrong of wrongs) harm(folder, wrong);
          });
          await model.goOn(later);
          const spool = model.spool as Spool;
          await spool.keep([frame(1_000_000, "process", 3), frame(1_000_000, "file", 3)]);
          const got = [...(await drain(spool)), ...(await drain(spool, "bulk"))];
          for (const { header } of got) {
            if (header.firstPosition < 1_000_000) assert.equal(header.eventCount, model.sent.get(header.firstPosition));
          }
          for (const name of ["process", "file"] as const) {
            const { received = 0, delivered = 0, corrupt = 0 } = assertBalanced(spool, name);
            assert.deepEqual([received, delivered + corrupt], [model.acknowledged[name] + 3, received]);
          }
          assert.ok(positions(got).filter((one) => one === 1_000_000).length === 2, "new frames after the damage");
          await model.end();
        },
      ),
      { numRuns: 120 },
    );
  });
});
