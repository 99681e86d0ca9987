import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { missingHere, requireSensor } from "../src/preflight.ts";
import { doNothingProgram } from "../src/victim/do-nothing-program.ts";

test("everything that is missing is named at once, with its remedy", () => {
  const missing = missingHere("containerd", false, (name) => name === "mount", false);
  const text = missing.map(({ what, remedy }) => `${what}: ${remedy}`).join("\n");
  for (const words of [
    "root: .*sudo",
    "ip: apt-get install iproute2",
    "runc: ",
    "ctr: apt-get install containerd",
    "mmdebstrap",
  ]) {
    assert.match(text, new RegExp(words));
  }
});

test("a cached root needs no mmdebstrap, and busybox is enough without one", () => {
  const without = (name: string) => (program: string) => program !== name;
  assert.deepEqual(missingHere("runc", true, without("mmdebstrap"), true), []);
  assert.deepEqual(missingHere("runc", false, without("mmdebstrap"), true), []);
});

test("a hub without a live sensor of this machine is refused before anything is attacked", async () => {
  const sensor = {
    sensor_id: "1",
    cluster: "local",
    node: "here",
    state: "live",
    last_seen_us: 1,
    events_per_second: 1,
    lag_us: 1,
    lost: [],
    report: null,
  };
  const hub = (sensors: object[]) => ({ url: "https://hub.invalid", text: async () => JSON.stringify({ sensors }) });
  await requireSensor(hub([{ ...sensor, node: "elsewhere" }, sensor]), "here");
  await assert.rejects(requireSensor(hub([]), "here", 0), /no sensor on this machine \(here\).*npm start/);
  await assert.rejects(requireSensor(hub([{ ...sensor, node: "elsewhere" }]), "here", 0), /no sensor/);
  await assert.rejects(requireSensor(hub([{ ...sensor, state: "silent" }]), "here", 0), /lately/);
});

test("the program that does nothing runs and ends with status 0", () => {
  const folder = mkdtempSync(join(tmpdir(), "do-nothing-"));
  const path = join(folder, "xmrig");
  writeFileSync(path, doNothingProgram(), { mode: 0o755 });
  const { status, stdout } = spawnSync(path, { encoding: "utf8" });
  rmSync(folder, { recursive: true });
  assert.deepEqual([status, stdout], [0, ""]);
});
