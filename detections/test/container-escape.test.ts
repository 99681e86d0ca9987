import assert from "node:assert/strict";
import { describe, test } from "node:test";
import type { AtalayaEvent } from "@atalaya/wire";
import { samplesOf } from "../index.ts";
import { firedBy } from "./fired-rules.ts";

const rules = [
  "Process Left Its Container",
  "Mount in a Container",
  "Namespace Entered from a Container",
  "User Namespace Created in a Container",
];

/** The events of the rule's samples by which it fires. */
function firing(rule: string): AtalayaEvent[] {
  const events = samplesOf({ name: rule }).flatMap((sample) => sample.events);
  return events.filter((event) => firedBy(event).includes(rule));
}

for (const rule of rules) {
  describe(rule, () => {
    for (const [what, given, fires] of [
      ["where it calls itself systemd", { name: "systemd" }, true],
      ["where it calls itself a runtime", { name: "runc" }, true],
      ["where what started it calls itself dockerd", { ancestor_names: ["dockerd"] }, true],
      ["where what started it is a file of that name", { ancestor_exe_paths: ["/tmp/dockerd"] }, true],
      ["for a runtime of the image", { name: "runc", exe_path: "/usr/sbin/runc" }, false],
      ["for a runtime of the image under another name", { name: "exe", exe_path: "/usr/bin/dockerd" }, false],
      ["for a runtime that was brought", { name: "runc", exe_path: "/tmp/runc", exe_upper_layer: true }, true],
    ] as const) {
      test(`${fires ? "fires" : "is quiet"} ${what}`, () => {
        const events = firing(rule);
        assert.ok(events.length > 0);
        for (const event of events) assert.equal(firedBy({ ...event, ...given } as AtalayaEvent).includes(rule), fires);
      });
    }
  });
}

test("a cluster's part works with namespaces, and not with control groups", () => {
  const given = { name: "cilium-agent", exe_path: "/usr/bin/cilium-agent" };
  for (const [at, rule] of rules.entries())
    for (const event of firing(rule))
      assert.equal(firedBy({ ...event, ...given } as AtalayaEvent).includes(rule), at === 0);
});
