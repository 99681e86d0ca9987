import assert from "node:assert/strict";
import { mkdirSync, mkdtempSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, mock, test } from "node:test";
import { emptyFilterPlan } from "@atalaya/wire";
import { youngMs } from "../src/cgroup-paths.ts";
import type { GroupIds, Owner } from "../src/kernel/group-owners.ts";
import type { KernelRecord, Task } from "../src/kernel-record.ts";
import type { KernelSource } from "../src/kernel-source.ts";
import { Pipeline } from "../src/pipeline.ts";
import { exec, fork, open, running, task } from "./hand-made-records.ts";
import { bootId, ParcelOutlet, PinnedRings } from "./pinned-rings.ts";

// Who left a container while only an earlier collector's programs watched: of that the first look at all that runs knows nothing,
// where no ancestor is left in the container, and the earlier rings tell it afterwards.

const mount = mkdtempSync(join(tmpdir(), "atalaya-strays-"));
after(() => rmSync(mount, { recursive: true, force: true }));
writeFileSync(join(mount, "cgroup.controllers"), "");
const makeGroup = (path: string): GroupIds => {
  mkdirSync(join(mount, path), { recursive: true });
  return { cgroupIdV2: statSync(join(mount, path)).ino, cgroupIdV1: 0 };
};
const container = makeGroup(`system.slice/docker-${"1c".repeat(32)}.scope`);
const refuge = makeGroup("system.slice/refuge.service");
const honest = makeGroup("system.slice/honest.service");

/** Far from those that run here. */
const pid = 4_194_400;
const inside = task({ pid, ppid: 1, ...container });
const outside: Task = { ...inside, ...refuge };
const neighbour = task({ pid: pid + 1, ...honest });

/** What is said of groups when a collector has read all that lay in the rings, and then both did something. */
function groupsSaid(source: KernelSource, rings: PinnedRings): Map<number, Owner> {
  const said = new Map<number, Owner>();
  source.snapshot = () => [running(outside, ["/bin/fled"]), running(neighbour, ["/bin/honest"])];
  source.owners.set = ({ cgroupIdV2 }, owner) => said.set(cgroupIdV2, owner).size > 0;
  const outlet = new ParcelOutlet(source.ringId, source.earlier?.ringId);
  const options = { node: "n", bootId, version: "1", kernel: "6", cgroupMount: mount };
  const pipeline = new Pipeline(source, outlet, options);
  pipeline.applyFilters({ ...emptyFilterPlan, version: 1 });
  const readOn = () => {
    for (let quiet = 0; quiet < 8; quiet += pipeline.tick() ? 0 : 1) pipeline.acknowledged(outlet.parcels.length);
  };
  readOn();
  // A group that was there at the start may be as new as one that was made since.
  const laterMs = performance.now() + youngMs;
  const clock = mock.method(performance, "now", () => laterMs);
  rings.put(open(outside, "/x"), open(neighbour, "/x"));
  readOn();
  clock.mock.restore();
  return said;
}

/** From before: it was born in the container, by somebody who is gone. */
const history = (): KernelRecord[] => [fork(inside, { pid: 77, startUs: 77 }), exec(inside, ["/bin/fled"])];

test("a group with a container's process, known by an earlier build's ring alone, is not said to be the host's", () => {
  const [earlier, rings] = [new PinnedRings("1".repeat(16)), new PinnedRings("2".repeat(16))];
  earlier.put(...history());
  const said = groupsSaid(rings.open(earlier.asEarlier()), rings);
  assert.deepEqual([said.get(refuge.cgroupIdV2), said.get(honest.cgroupIdV2)], [undefined, "host"]);
});

test("the same where the ring is its own, from the collector before", () => {
  const rings = new PinnedRings("3".repeat(16));
  rings.put(...history());
  const said = groupsSaid(rings.open(), rings);
  assert.deepEqual([said.get(refuge.cgroupIdV2), said.get(honest.cgroupIdV2)], [undefined, "host"]);
});
