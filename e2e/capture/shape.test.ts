import assert from "node:assert/strict";
import { test } from "node:test";
import { samplesOf } from "@atalaya/detections";
import { blankEvent, type ProcessEvent } from "@atalaya/wire";
import { attacks } from "../attacks/table.ts";
import { differences } from "./check.ts";
import { expectedRules } from "./fired.ts";
import { belowTheRuntime } from "./sample.ts";
import { shapeOf } from "./shape.ts";

function started(pid: number, ...argv: string[]): ProcessEvent {
  return { ...blankEvent("process"), activity: "exec", pid, start_us: pid * 10, time_us: pid, argv };
}

test("processes may take turns otherwise, with other ids and at another time", () => {
  const first = [started(1, "a"), started(2, "b"), started(1, "c")];
  const again = [started(8, "b"), started(7, "a"), started(7, "c")];
  assert.deepEqual(shapeOf(again), shapeOf(first));
});

test("the order within one process counts, and so does whose event it is", () => {
  const first = [started(1, "a"), started(1, "b")];
  assert.notDeepEqual(shapeOf([started(1, "b"), started(1, "a")]), shapeOf(first));
  assert.notDeepEqual(shapeOf([started(1, "a"), started(2, "b")]), shapeOf(first));
});

test("the container's own id may be another wherever it stands, any other may not", () => {
  const inContainer = (id: string, argv: string) => ({ ...started(1, "mkdir", argv), container_id: id });
  const [one, other] = ["a".repeat(64), "b".repeat(64)];
  const first = [inContainer(one, `/mnt/${one}/inner`)];
  assert.deepEqual(shapeOf([inContainer(other, `/mnt/${other}/inner`)]), shapeOf(first));
  assert.notDeepEqual(shapeOf([inContainer(other, `/mnt/${one}/inner`)]), shapeOf(first));
});

test("an executable of the upper layer is not the same as one of the image", () => {
  const event = started(1, "a");
  assert.notDeepEqual(shapeOf([{ ...event, exe_upper_layer: true }]), shapeOf([{ ...event, exe_upper_layer: false }]));
});

test("a sample compared with itself shows no difference, with an event less and another rule both", () => {
  const attack = attacks.find((one) => one.rule === "Drift Binary Executed" && one.twin === "fires");
  assert.ok(attack);
  const sample = samplesOf({ name: attack.rule }).find((one) => one.kind === "fires" && one.name === attack.name);
  const events = (sample?.events ?? []).filter((one) => one.class !== "api" && one.class !== "sensor");
  assert.deepEqual(differences({ attack, events, fired: expectedRules(attack) }), []);
  const withoutStart = events.filter((one) => !(one.class === "process" && one.activity === "exec"));
  const found = differences({ attack, events: withoutStart, fired: [] });
  assert.match(found[0] ?? "", /^fired nothing instead of Drift Binary Executed$/);
  assert.match(found[1] ?? "", /^not seen again: .*process exec .*\/tmp\//s);
  assert.match(found[2] ?? "", /^not in the sample: .*process exit/s);
  assert.doesNotMatch(found[2] ?? "", /process exec/);
});

test("whoever runs the capture is not in the sample", () => {
  const event = {
    ...started(1, "sh"),
    ancestor_pids: [4, 3, 2],
    ancestor_starts_us: [40, 30, 20],
    ancestor_names: ["sh", "runc", "node"],
    ancestor_exe_paths: ["/usr/bin/dash", "/usr/sbin/runc", "/home/ana/node"],
    ancestor_cmdlines: ["sh", "runc exec", "node main.ts"],
  };
  const cut = belowTheRuntime(event);
  assert.deepEqual(cut.ancestor_names, ["sh", "runc"]);
  assert.deepEqual(cut.ancestor_cmdlines, ["sh", "runc exec"]);
  assert.deepEqual(cut.ancestor_pids, [4, 3]);
  assert.deepEqual(belowTheRuntime({ ...event, ancestor_names: ["php-fpm8.2", "systemd", "x"] }).ancestor_names, [
    "php-fpm8.2",
  ]);
});
