import assert from "node:assert/strict";
import { test } from "node:test";
import { samplesOf } from "../index.ts";
import { builtIn, firedBy } from "./fired-rules.ts";

// What the sensor saw of real attacks and their twins (npm run capture), evaluated again without a kernel.

for (const rule of builtIn.rules.filter((one) => one.source === "syscall").map((one) => one.name)) {
  test(`${rule} has captured samples that fire, each with its twin that stays quiet`, () => {
    const names = (kind: string) => samplesOf({ name: rule }).flatMap((one) => (one.kind === kind ? [one.name] : []));
    assert.ok(names("fires").length > 0);
    assert.deepEqual(names("quiet"), names("fires"));
    for (const sample of samplesOf({ name: rule })) assert.ok(sample.captured, sample.path);
  });
  for (const sample of samplesOf({ name: rule })) {
    test(`${rule} ${sample.kind === "fires" ? "fires for" : "is quiet for"} what was captured: ${sample.command}`, () => {
      assert.equal(firedBy(...sample.events).includes(rule), sample.kind === "fires", sample.path);
    });
  }
}
