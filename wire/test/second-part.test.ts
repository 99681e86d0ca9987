import assert from "node:assert/strict";
import { test } from "node:test";
import { blankEvent, decodeEvents, EventEncoder, type FileEvent, type ProcessEvent } from "../index.ts";
import { columnPlans } from "../src/encode-event.ts";

const encoded = (event: FileEvent | ProcessEvent): Buffer => {
  const encoder = new EventEncoder();
  encoder.add(event);
  return Buffer.from(encoder.bytes());
};
const renamed: FileEvent = { ...blankEvent("file"), activity: "rename", path: "/a", other_path: "/b", change_flags: 2 };

test("a row with columns of the second part comes back as it was", () => {
  const move = { ...blankEvent("process"), activity: "cgroup_move", cgroup_path: "/a" } as const;
  for (const event of [
    move,
    { ...move, left_container: true, mover_pid: 7 },
    renamed,
    { ...renamed, other_path: null, change_flags: null, mode: 0 },
  ]) {
    const decoded = decodeEvents(encoded(event));
    assert.deepEqual(decoded.ok && { ...decoded.value[0] }, { ...event });
  }
});

test("a row without them has the bytes that it always had, and says so", () => {
  const bytes = encoded({ ...blankEvent("file"), activity: "open", path: "/a" });
  // Length, class, mark, 56 bits, activity, path.
  assert.equal(bytes.length, 6 + 7 + 1 + 4);
  assert.equal(bytes[5], 0);
  assert.equal(encoded(renamed)[5], 1);
});

test("a second part that does not fit the event's length is refused, wherever it is cut", () => {
  const whole = encoded(renamed);
  for (let length = 6; length < whole.length; length++) {
    const cut = Buffer.from(whole.subarray(0, length));
    cut.writeUInt32LE(length, 0);
    assert.ok(!decodeEvents(cut).ok, `${length} of ${whole.length} bytes`);
  }
});

test("the mark in a class that has no second part changes nothing", () => {
  const encoder = new EventEncoder();
  encoder.add({ ...blankEvent("dns"), activity: "query", query: "example.com" });
  const marked = Buffer.from(encoder.bytes());
  marked[5] = 1;
  const decoded = decodeEvents(marked);
  assert.ok(decoded.ok && decoded.value[0]?.class === "dns" && decoded.value[0].query === "example.com");
});

test("only the last part of a class has room: a bitmap that grew would make the rows of before unreadable", () => {
  for (const [name, { later, ...first }] of Object.entries(columnPlans)) {
    for (const part of [first, ...later].slice(0, -1)) assert.equal(part.names.length % 8, 0, name);
    assert.ok(later.every((part) => part.names.length > 0));
  }
});

test("a third part follows the second, also where that is empty; who does not know it sees the same row without it", () => {
  const mounting: ProcessEvent = {
    ...blankEvent("process"),
    activity: "exec",
    container_mounts: ["/etc", "/host", "ro"],
  };
  for (const event of [mounting, { ...mounting, left_container: true, age_us: 5 }]) {
    const bytes = encoded(event);
    const whole = decodeEvents(bytes);
    assert.deepEqual(whole.ok && { ...whole.value[0] }, { ...event });
    // Its bitmap, the list's length, and three strings behind theirs.
    const before = Buffer.from(bytes.subarray(0, bytes.length - (1 + 2 + 3 * 2 + "/etc/hostro".length)));
    before.writeUInt32LE(before.length, 0);
    const without = decodeEvents(before);
    assert.deepEqual(without.ok && { ...without.value[0] }, { ...event, container_mounts: null });
  }
});
