import assert from "node:assert/strict";
import { test } from "node:test";
import { blankEvent } from "@atalaya/wire";
import { blankDns, blankFile, blankNetwork, blankProcess } from "../src/blank-rows.ts";

test("blank rows have the contract's columns in the contract's order", () => {
  for (const [made, name] of [
    [blankProcess(), "process"],
    [blankFile(), "file"],
    [blankNetwork(), "network"],
    [blankDns(), "dns"],
  ] as const) {
    assert.deepEqual(Object.entries(made), Object.entries(blankEvent(name)));
  }
});
