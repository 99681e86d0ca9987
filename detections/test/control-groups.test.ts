import assert from "node:assert/strict";
import { describe, test } from "node:test";
import type { ProcessEvent } from "@atalaya/wire";
import { samplesOf } from "../index.ts";
import { firedBy } from "./fired-rules.ts";

const rule = "Process Left Its Container";
const moves = samplesOf({ name: rule })
  .flatMap(({ events }) => events)
  .filter((event): event is ProcessEvent => event.class === "process" && event.left_container === true);

describe(rule, () => {
  for (const [what, given, fires] of [
    ["as it was captured", {}, true],
    ["where it calls itself systemd", { name: "systemd" }, true],
    ["where what started it calls itself dockerd", { ancestor_names: ["dockerd"] }, true],
    ["for a runtime of the image", { name: "runc", exe_path: "/usr/sbin/runc" }, false],
    ["for a runtime that was brought", { name: "runc", exe_path: "/tmp/runc", exe_upper_layer: true }, true],
  ] as const) {
    test(`${fires ? "fires" : "is quiet"} ${what}`, () => {
      assert.ok(moves.length > 0);
      for (const move of moves) assert.equal(firedBy({ ...move, ...given } as ProcessEvent).includes(rule), fires);
    });
  }
});
