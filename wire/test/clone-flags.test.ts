import assert from "node:assert/strict";
import test from "node:test";
import { cloneFlags, namespaceFlags } from "../index.ts";

test("a flag is one bit and has one name, and a task's making tells each namespace but that of the time", () => {
  for (const table of [cloneFlags, namespaceFlags]) {
    for (const [bits] of table) assert.equal(bits & (bits - 1), 0);
    assert.equal(new Set(table.map(([bits]) => bits)).size, table.length);
    assert.equal(new Set(table.map(([, name]) => name)).size, table.length);
  }
  const untold = namespaceFlags.filter((flag) => !cloneFlags.includes(flag));
  assert.deepEqual(untold, [[0x80, "CLONE_NEWTIME"]]);
});
