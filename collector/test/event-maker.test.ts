import assert from "node:assert/strict";
import { test } from "node:test";
import { BootClock } from "../src/boot-clock.ts";
import { CgroupPaths } from "../src/cgroup-paths.ts";
import { Containers } from "../src/containers.ts";
import { Counters } from "../src/counters.ts";
import { EventMaker } from "../src/event-maker.ts";
import { ProcessTable } from "../src/process-table.ts";
import { HostNames } from "../src/user-names.ts";
import { exec, exit, fork, open, task } from "./hand-made-records.ts";

const makerOfEvents = (): EventMaker =>
  new EventMaker(
    new ProcessTable(new Counters()),
    new Containers(new CgroupPaths("/nowhere"), new HostNames()),
    new BootClock(),
  );

test("each event tells how long its process had lived", () => {
  const maker = makerOfEvents();
  const shell = task({ pid: 50, startUs: 900_000 });
  for (const record of [fork(shell), exec(shell, ["/bin/sh"]), exit(shell)]) {
    const event = maker.make(record);
    assert.ok(event?.class === "process");
    assert.equal(event.age_us, record.bootUs - 900_000);
  }
  // The kernel takes the two times apart: a start is never after what the process does.
  assert.equal((maker.make({ ...exit(shell), bootUs: 899_999 }) as { age_us: number }).age_us, 0);
});

test("the mode of an opened file is told where the open made it", () => {
  const maker = makerOfEvents();
  const modes = [true, false].map((created) => {
    const event = maker.make({ ...open(task({ pid: 50 }), "/tmp/x"), created, fileMode: 0o755 });
    return event?.class === "file" ? event.mode : undefined;
  });
  assert.deepEqual(modes, [0o755, null]);
});
