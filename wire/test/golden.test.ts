import assert from "node:assert/strict";
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import test from "node:test";
import { decodeEvents, decodeFrame, EventEncoder, encodeFrame, frameVersion } from "../index.ts";
import { sampleEvents } from "./samples.ts";

// The bytes of every version that ever landed stay readable: a golden file is added, never changed.
const file = (version: number) => new URL(`golden/frame-v${version}.json`, import.meta.url);
type Golden = { frames: string[] };

function framesNow(): Buffer[] {
  return sampleEvents().map((event, i) => {
    const encoder = new EventEncoder();
    encoder.add(event);
    const header = {
      class: event.class,
      ring: i % 3,
      eventCount: 1,
      firstPosition: 8 * i,
      lastPosition: 8 * i + 4_294_967_296,
      firstTimeUs: 1_764_000_000_000_000,
      lastTimeUs: 1_764_000_000_000_001,
      bootId: "00112233445566778899aabbccddeeff",
      layoutHash: "0123456789abcdef",
      node: "node-7",
      cluster: "local",
      containerId: "",
      workspace: "",
    };
    return encodeFrame(header, encoder.bytes());
  });
}

if (process.env["ATALAYA_WRITE_GOLDEN"] === "1" && !existsSync(file(frameVersion))) {
  const golden: Golden = { frames: framesNow().map((frame) => frame.toString("hex")) };
  writeFileSync(file(frameVersion), `${JSON.stringify(golden, null, 1)}\n`);
}

test("frames of this version have exactly the golden bytes", () => {
  const golden = JSON.parse(readFileSync(file(frameVersion), "utf8")) as Golden;
  assert.deepEqual(
    framesNow().map((frame) => frame.toString("hex")),
    golden.frames,
  );
});

test("golden frames of every version decode to the events that were written", () => {
  for (let version = 1; version <= frameVersion; version++) {
    const golden = JSON.parse(readFileSync(file(version), "utf8")) as Golden;
    const events = golden.frames.map((hex) => {
      const frame = decodeFrame(Buffer.from(hex, "hex"));
      assert.ok(frame.ok);
      const decoded = decodeEvents(frame.value.body);
      assert.ok(decoded.ok);
      return decoded.value[0];
    });
    assert.deepEqual(events, sampleEvents());
  }
});
