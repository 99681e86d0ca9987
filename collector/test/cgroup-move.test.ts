import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { BootClock } from "../src/boot-clock.ts";
import { CgroupPaths } from "../src/cgroup-paths.ts";
import { Containers } from "../src/containers.ts";
import { Counters } from "../src/counters.ts";
import { EventMaker } from "../src/event-maker.ts";
import type { CgroupMoveRecord } from "../src/kernel-record.ts";
import { ProcessTable } from "../src/process-table.ts";
import { HostNames } from "../src/user-names.ts";
import { exec, exit, task } from "./hand-made-records.ts";

const own = "1a".repeat(32);
const another = "2b".repeat(32);
const home = `/kubepods/pod0b1d5c3e-0000-4000-8000-000000000000/${own}`;
const shell = { pid: 50, cgroupIdV2: 20, cgroupIdV1: 30 };

/** A process of the container `own`, which is known by the hierarchy of that version; `moved` gives the event of its move. */
function scene(version: 1 | 2) {
  const paths = new CgroupPaths("/nowhere");
  const there = { seenMs: null, madeBy: null };
  paths.add(2, 20, { path: version === 2 ? home : "/", ...there });
  paths.add(1, 30, { path: home, ...there });
  const maker = new EventMaker(
    new ProcessTable(new Counters()),
    new Containers(paths, new HostNames()),
    new BootClock(),
  );
  const first = maker.make(exec(task(shell), ["/bin/sh"]));
  assert.equal(first?.class === "process" && first.container_id, own);
  const moved = (path: string, given: Partial<CgroupMoveRecord> = {}) => {
    const [of, group] = [given.version ?? version, path === home ? 20 : 40];
    const where = of === 2 ? { cgroupIdV2: group } : { cgroupIdV1: group };
    const record = { ...exit(task({ ...shell, ...where })), kind: "cgroup_move", cgroupId: group, path } as const;
    const event = maker.make({ version: of, moverPid: 50, moverStartUs: 50_000, ...record, ...given });
    assert.ok(event?.class === "process" && event.container_id === own, "it stays its container's");
    return event;
  };
  return { maker, moved };
}

describe("a container's process that is moved", () => {
  for (const version of [1, 2] as const) {
    for (const [path, left] of [
      ["/", true],
      [`/cri-containerd-${own}.scope`, true],
      [`/${own}`, true],
      [`/${another}`, true],
      [`${home}-beside`, true],
      [home.slice(0, -65), true],
      [`${home}/inner`, false],
      [`${home}/${another}`, false],
    ] as const) {
      test(`has ${left ? "" : "not "}left it at ${path} (version ${version})`, () => {
        assert.equal(scene(version).moved(path).left_container, left);
      });
    }
  }

  test("is back when it is moved back", () => {
    const { moved } = scene(2);
    assert.deepEqual([moved("/").left_container, moved(home).left_container], [true, false]);
  });

  test("has not left it by a move in the hierarchy that does not tell where it is", () => {
    assert.equal(scene(1).moved(`/${another}`, { version: 2 }).left_container, false);
  });

  test("is told with who moved it, and with nobody where another has his number", () => {
    const { maker, moved } = scene(2);
    maker.make(exec(task({ pid: 60 }), ["/bin/another"]));
    const by = (moverStartUs: number) => moved("/", { moverPid: 60, moverStartUs }).mover_cmdline;
    assert.deepEqual([by(60_000), by(59_000)], ["/bin/another", null]);
  });
});
