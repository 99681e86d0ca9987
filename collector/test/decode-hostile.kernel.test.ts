// Records as this kernel wrote them, damaged in every way: what the decoder makes of them.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import fc from "fast-check";
import { skipUnless } from "../../tools/testing/needs.ts";
import { loadAddon } from "../src/kernel/addon.ts";
import { decodeRecord } from "../src/kernel/decode-record.ts";
import { recordKind } from "../src/kernel/layout.ts";
import { recordBytes } from "../src/kernel/record-bytes.ts";
import { question } from "./dns-message.ts";
import { KernelWatch, objectFolder } from "./kernel-watch.ts";

const options = { skip: skipUnless("kernel") };
const outHeaderBytes = 16;
const budgetMs = 8_000;
let watch: KernelWatch;
/** By kind; a few of each are enough. */
const real = new Map<number, Buffer[]>();

before(async () => {
  if (options.skip !== false) return;
  watch = await KernelWatch.open({
    open_names: ["passwd", "not-there"],
    exec_names: ["not-there"],
    dns_domains: ["."],
  });
  const addon = loadAddon(objectFolder);
  const drain = addon.drain;
  addon.drain = (ring, into) => {
    const length = drain(ring, into);
    remember(into.subarray(0, length));
    return length;
  };
  try {
    watch.run("/bin/sh", ["-c", "cat /etc/passwd /x/not-there; /x/not-there; exit 0"]);
    watch.run("/bin/bash", ["-c", "echo x > /dev/udp/127.0.0.1/9; echo x > /dev/tcp/127.0.0.1/9; exit 0"]);
    await watch.first("connect", () => true);
    const answered = watch.run(watch.acts, ["ask", "sendto", "1", "127.0.0.1", "53"], {
      input: question("a.b.example"),
    });
    await watch.first("dns_query", (record) => record.task.pid === answered.pid);
    watch.drain();
  } finally {
    addon.drain = drain;
  }
});
after(() => watch?.close());

function remember(out: Buffer): void {
  for (let at = 0; at + outHeaderBytes <= out.length; ) {
    const size = out.readUInt32LE(at);
    const record = Buffer.from(out.subarray(at + outHeaderBytes, at + outHeaderBytes + size));
    const kind = record.readUInt16LE(4);
    const known = real.get(kind) ?? [];
    if (known.length < 8) real.set(kind, [...known, record]);
    at += outHeaderBytes + ((size + 7) & ~7);
  }
}

test(
  "damaged records of this kernel never make the decoder throw, read outside them, or give more than they hold",
  options,
  () => {
    for (const kind of [
      recordKind.exec,
      recordKind.fork,
      recordKind.exit,
      recordKind.open,
      recordKind.connect,
      recordKind.dns_query,
    ])
      assert.ok(real.has(kind), `the kernel gave a record of kind ${kind}`);
    const record = fc.constantFrom(...[...real.values()].flat());
    // Anywhere, and again where the kind, the flags and the lengths of strings are.
    const place = fc.oneof(
      { weight: 8, arbitrary: fc.nat() },
      { weight: 3, arbitrary: fc.integer({ min: 128, max: 168 }) },
      { weight: 1, arbitrary: fc.nat(6) },
    );
    const damage = fc.array(fc.tuple(place, fc.oneof(fc.nat(255), fc.constantFrom(0, 1, 255))), { maxLength: 4 });
    let read = 0;
    fc.assert(
      fc.property(record, damage, fc.option(fc.nat(), { freq: 1 }), fc.nat(255), (whole, changes, cut, around) => {
        const bytes = Buffer.from(whole.subarray(0, cut === null ? whole.length : cut % (whole.length + 1)));
        for (const [at, value] of changes) if (bytes.length > 0) bytes[at % bytes.length] = value;
        if (cut !== null && bytes.length >= 4) bytes.writeUInt32LE(bytes.length); // as long as it says: that the caller has proved
        const decoded = [0, around].map((filler) => {
          const room = recordBytes(bytes.length + 128);
          room.bytes.fill(filler);
          bytes.copy(room.bytes, 64);
          return decodeRecord(room, 64, bytes.length, 4096, "bulk");
        });
        if (decoded[0] !== undefined) read++;
        assert.deepEqual(decoded[0], decoded[1], "what lies around it changes nothing");
        const text = JSON.stringify(decoded[0] ?? null);
        assert.ok(text.length < 2_000 + 6 * bytes.length, `${text.length} characters of ${bytes.length} bytes`);
      }),
      { numRuns: 20_000, interruptAfterTimeLimit: budgetMs, markInterruptAsFailure: false },
    );
    assert.ok(read > 1_000, `only ${read} could still be read`);
  },
);
