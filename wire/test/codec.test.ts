import assert from "node:assert/strict";
import test from "node:test";
import fc from "fast-check";
import {
  type AtalayaEvent,
  type ColumnType,
  classColumns,
  decodeEvents,
  decodeFrame,
  decodeFrames,
  decodeInventory,
  type EventClass,
  EventEncoder,
  encodeFrame,
  eventFromJson,
  eventToJson,
  type InventoryEvent,
  limits,
} from "../index.ts";

const text = fc.string({ unit: "grapheme", maxLength: 40 });
const u53 = fc.maxSafeNat();
const numbers = { u8: 255, u16: 65_535, u32: 4_294_967_295 } as const;

function anyValue(type: ColumnType): fc.Arbitrary<unknown> {
  if (typeof type !== "string") return fc.constantFrom(...type);
  if (type === "bool") return fc.boolean();
  if (type === "str" || type === "json") return text;
  if (type === "strs") return fc.array(text, { maxLength: 5 });
  if (type === "u53s") return fc.array(u53, { maxLength: 5 });
  if (type === "u53") return u53;
  if (type === "i32") return fc.integer({ min: -2_147_483_647, max: 2_147_483_647 });
  return fc.integer({ min: 0, max: numbers[type] });
}

const happenings = (Object.keys(classColumns) as EventClass[]).filter((name) => name !== "inventory");
const anyEvent = fc.constantFrom(...happenings).chain(eventOf) as unknown as fc.Arbitrary<AtalayaEvent>;
const anyObject = eventOf("inventory") as unknown as fc.Arbitrary<InventoryEvent>;

function eventOf(name: EventClass) {
  const columns = Object.entries(classColumns[name] as Record<string, ColumnType>).map(([column, type]) => {
    const value = anyValue(type);
    return [column, column === "activity" ? value : fc.option(value, { nil: null })] as const;
  });
  return fc.record({ class: fc.constant(name), ...Object.fromEntries(columns) }, { noNullPrototype: true });
}

function encode(events: (AtalayaEvent | InventoryEvent)[]): Buffer {
  const encoder = new EventEncoder();
  for (const event of events) encoder.add(event);
  return Buffer.from(encoder.bytes());
}

const header = {
  class: "process",
  ring: 0,
  eventCount: 1,
  firstPosition: 0,
  lastPosition: 0,
  firstTimeUs: 0,
  lastTimeUs: 0,
  bootId: "00".repeat(16),
  layoutHash: "00".repeat(8),
  node: "n",
  cluster: "c",
  containerId: "",
  workspace: "",
} as const;

test("what is encoded decodes to the same events", () => {
  fc.assert(
    fc.property(fc.array(anyEvent, { maxLength: 4 }), (events) => {
      assert.deepEqual(decodeEvents(encode(events)), { ok: true, value: events });
    }),
  );
});

test("lists that several events share are written as those of each would be", () => {
  const shared = fc.array(anyEvent, { minLength: 1, maxLength: 3 }).chain((events) =>
    fc
      .array(fc.record({ from: fc.nat(events.length - 1), isCopy: fc.boolean(), isBad: fc.boolean() }), {
        maxLength: 12,
      })
      .map((picks) => picks.map(({ from, isCopy, isBad }) => ({ event: events[from] as AtalayaEvent, isCopy, isBad }))),
  );
  fc.assert(
    fc.property(shared, fc.boolean(), (picks, wasUsed) => {
      const encoder = new EventEncoder();
      if (wasUsed) for (const { event } of picks) encoder.add(event);
      encoder.reset();
      for (const { event, isCopy, isBad } of picks) {
        // A column behind the lists.
        if (isBad && "cgroup_id" in event) assert.throws(() => encoder.add({ ...event, cgroup_id: -1 }));
        encoder.add(isCopy ? structuredClone(event) : event);
      }
      assert.deepEqual(Buffer.from(encoder.bytes()), encode(picks.map(({ event }) => structuredClone(event))));
    }),
  );
});

test("objects of an inventory decode to the same rows, and only where they are looked for", () => {
  fc.assert(
    fc.property(fc.array(anyObject, { minLength: 1, maxLength: 4 }), (rows) => {
      const body = encode(rows);
      assert.deepEqual(decodeInventory(body), { ok: true, value: rows });
      assert.equal(decodeEvents(body).ok, false);
    }),
  );
  fc.assert(fc.property(anyEvent, (event) => assert.equal(decodeInventory(encode([event])).ok, false)));
});

test("the JSON form reads back to the same event", () => {
  fc.assert(
    fc.property(anyEvent, (event) => {
      const back = eventFromJson(JSON.parse(JSON.stringify(eventToJson(event))));
      assert.deepEqual(back, { ok: true, value: event });
    }),
  );
});

test("no bytes make a decoder throw", () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 300 }), (bytes) => {
      assert.equal(typeof decodeEvents(bytes).ok, "boolean");
      assert.equal(typeof decodeFrames(Buffer.from(bytes)).ok, "boolean");
    }),
  );
});

test("a byte changed anywhere in a frame's body is noticed by its checksum", () => {
  fc.assert(
    fc.property(anyEvent, fc.nat(), fc.integer({ min: 1, max: 255 }), (event, place, flip) => {
      const body = encode([event]);
      const frame = encodeFrame(header, body);
      const at = frame.length - body.length + (place % body.length);
      frame[at] = (frame[at] as number) ^ flip;
      assert.equal(decodeFrame(frame).ok, false);
    }),
  );
});

test("a truncated or mangled event is refused, never half read", () => {
  fc.assert(
    fc.property(anyEvent, fc.nat(), (event, place) => {
      const body = encode([event]);
      const cut = decodeEvents(body.subarray(0, place % body.length));
      if (place % body.length > 0) assert.equal(cut.ok, false);
      body[place % body.length] = 0xff;
      assert.equal(typeof decodeEvents(body).ok, "boolean");
    }),
  );
});

test("columns that a newer version appended are skipped", () => {
  const body = encode([{ ...blank("sensor"), activity: "report", time_us: 5, report: "{}" } as AtalayaEvent]);
  const longer = Buffer.concat([body, Buffer.from([1, 2, 3])]);
  longer.writeUInt32LE(longer.length, 0);
  const decoded = decodeEvents(longer);
  assert.ok(decoded.ok);
  assert.equal(decoded.value.length, 1);
});

test("a frame of a newer version and one of an unknown class are told apart", () => {
  const frame = encodeFrame(header, Buffer.alloc(0));
  const newer = Buffer.from(frame);
  newer.writeUInt16LE(999, 4);
  const strange = Buffer.from(frame);
  strange[6] = 200;
  const codes = [newer, strange].map((bytes) => {
    const result = decodeFrame(bytes);
    return result.ok ? "ok" : result.code;
  });
  assert.deepEqual(codes, ["FRAME_VERSION", "FRAME_CLASS"]);
});

test("bytes that would become millions of objects are refused before they do", () => {
  const empty = encode([{ ...blank("file"), activity: "open" } as AtalayaEvent]);
  const many = decodeEvents(Buffer.concat(Array.from({ length: 500_000 }, () => empty)));
  assert.deepEqual(many, { ok: false, code: "EVENT_MALFORMED", reason: `more than ${limits.frameEventsMax} events` });
  const frame = encodeFrame({ ...header, eventCount: limits.frameEventsMax }, Buffer.alloc(0));
  const request = (frames: number) => decodeFrames(Buffer.concat(Array.from({ length: frames }, () => frame)));
  assert.equal(request(limits.ingestEventsMax / limits.frameEventsMax).ok, true);
  assert.partialDeepStrictEqual(request(limits.ingestEventsMax / limits.frameEventsMax + 1), {
    code: "BODY_TOO_LARGE",
  });
  const nothing = encodeFrame({ ...header, eventCount: 0 }, Buffer.alloc(0));
  const frames = decodeFrames(Buffer.concat(Array.from({ length: limits.ingestFramesMax + 1 }, () => nothing)));
  assert.partialDeepStrictEqual(frames, { code: "BODY_TOO_LARGE" });
  const claims = encodeFrame({ ...header, eventCount: limits.frameEventsMax + 1 }, Buffer.alloc(0));
  assert.partialDeepStrictEqual(decodeFrame(claims), { code: "FRAME_MALFORMED" });
});

test("damage anywhere in a frame or in events never makes a decoder throw, nor give more than was there", () => {
  const damage = fc.array(fc.tuple(fc.nat(), fc.nat(255)), { minLength: 1, maxLength: 8 });
  fc.assert(
    fc.property(fc.array(anyEvent, { minLength: 1, maxLength: 3 }), damage, (events, changes) => {
      const body = encode(events);
      for (const [at, value] of changes) body[at % body.length] = value;
      const decoded = decodeEvents(body);
      if (decoded.ok) assert.ok(decoded.value.length <= body.length / 6);
      const frame = encodeFrame({ ...header, eventCount: events.length }, body);
      for (const [at, value] of changes) frame[at % 100] = value;
      const frames = decodeFrames(frame);
      if (frames.ok) assert.ok(frames.value.length <= frame.length / 84);
      else assert.ok(frames.reason.length < 200);
    }),
    { numRuns: 2_000, interruptAfterTimeLimit: 10_000 },
  );
});

test("a string over its limit is cut at a character", () => {
  const long = "é".repeat(60_000);
  const body = encode([{ ...blank("sensor"), activity: "report", time_us: 1, report: "{}" } as AtalayaEvent]);
  assert.ok(body.length > 0);
  const event = { ...blank("api"), activity: "request", user_name: long } as AtalayaEvent;
  const decoded = decodeEvents(encode([event]));
  assert.ok(decoded.ok && decoded.value[0]?.class === "api");
  assert.equal(decoded.value[0].user_name, "é".repeat(32_767));
});

test("short texts, which are written byte by byte, read back as they were", () => {
  const lengths = [0, 1, 31, 32, 33];
  const names = lengths.flatMap((length) => ["a", "\0", "\x7f"].map((unit) => unit.repeat(length)));
  const mixed = lengths.slice(2).flatMap((length) => ["é", "\x80", "漢"].map((last) => "a".repeat(length - 1) + last));
  for (const name of [...names, ...mixed]) {
    const event = { ...blank("process"), activity: "exec", argv: [name, name], name };
    const decoded = decodeEvents(encode([event as unknown as AtalayaEvent]));
    assert.ok(decoded.ok && decoded.value[0]?.class === "process");
    assert.deepEqual([decoded.value[0].name, decoded.value[0].argv], [name, [name, name]]);
  }
});

test("no byte of a frame is left as its memory was, also where its names are no hexadecimal digits", () => {
  const body = Buffer.from("body");
  const numbers = { firstPosition: 0, lastPosition: 0, firstTimeUs: 0, lastTimeUs: 0, ring: 0, eventCount: 0 };
  const names = { bootId: "no", layoutHash: "12", node: "", cluster: "", containerId: "", workspace: "" };
  const frame = encodeFrame({ class: "process", ...numbers, ...names }, body);
  assert.ok(frame.subarray(22, 72).every((byte) => byte === 0));
  assert.deepEqual([...frame.subarray(72)], [0x12, ...new Array(11).fill(0), ...body]);
});

function blank(name: EventClass): Record<string, unknown> {
  const nulls = Object.fromEntries(Object.keys(classColumns[name]).map((column) => [column, null]));
  return { class: name, ...nulls };
}
