import assert from "node:assert/strict";
import { test } from "node:test";
import { readPauseMs } from "../src/frame-server.ts";
import { limits } from "../src/limits.ts";

/** Read and rested for in a second, when each turn reads so much: at most a socket's content. */
const bytesPerSecond = (bytes: number) => (bytes * 1_000) / readPauseMs(bytes);

test("a calm socket is read in whole rests, a full one again at once, so that a backlog goes", () => {
  assert.equal(readPauseMs(1), limits.readPauseMs);
  assert.equal(readPauseMs(limits.readPauseBytes), limits.readPauseMs);
  assert.equal(readPauseMs(2 * limits.readPauseBytes), limits.readPauseMs / 2);
  // 2,000 events/s are 1.3 MB/s: small frames fill a socket with 100 KiB, large ones with 200.
  assert.ok(bytesPerSecond(100 * 1_024) > 2 * 1_300_000);
  assert.ok(bytesPerSecond(200 * 1_024) > 8 * 1_300_000);
});
