import assert from "node:assert/strict";
import { test } from "node:test";
import type { GroupIds, Owner } from "../src/kernel/group-owners.ts";
import { collectorLimits } from "../src/limits.ts";
import { groupsKey, SureGroups } from "../src/sure-groups.ts";

/** What the kernel knows, by key; with room for so many. */
function makeKernel(room = 3) {
  const known = new Map<string, Owner>();
  const owners = {
    set: (groups: GroupIds, owner: Owner) => known.size < room && known.set(groupsKey(groups), owner).size > 0,
    forget: (groups: GroupIds) => void known.delete(groupsKey(groups)),
    clear: () => known.clear(),
    areStraysLost: false,
  };
  return { known, owners };
}

const group = (id: number): GroupIds => ({ cgroupIdV2: id, cgroupIdV1: 0 });

function makeGroups(room?: number) {
  const { known, owners } = makeKernel(room);
  const notes: string[] = [];
  const sure = new SureGroups(owners, 1_000, (reason) => notes.push(reason));
  const meet = (id: number, owner: Owner) => sure.learned(group(id), groupsKey(group(id)), owner);
  return { sure, known, owners, notes, meet };
}

test("nothing is said before all that ran before was met; then each is, once, and what becomes a container's too", () => {
  const { sure, known, meet } = makeGroups();
  meet(1, "host");
  sure.caughtUp(1_000 + collectorLimits.sureAfterUs);
  meet(1, "host");
  assert.equal(known.size, 0);
  sure.caughtUp();
  meet(1, "host");
  meet(2, "container");
  assert.deepEqual(
    [...known],
    [
      ["1/0", "host"],
      ["2/0", "container"],
    ],
  );
  meet(1, "container");
  assert.equal(known.get("1/0"), "container");
});

test("groups with a container's process from before, and those that were a container's, are never the host's", () => {
  const { sure, known, meet } = makeGroups();
  sure.strayed(groupsKey(group(1)));
  sure.caughtUp(2_000 + collectorLimits.sureAfterUs);
  meet(1, "host");
  meet(2, "container");
  meet(2, "host");
  // From now on the kernel knows who has left: the group stays the host's.
  meet(3, "host");
  sure.strayed(groupsKey(group(3)));
  meet(3, "host");
  assert.deepEqual(
    [...known],
    [
      ["2/0", "container"],
      ["3/0", "host"],
    ],
  );
});

test("who ran before is looked at again when all that the rings kept of before was read, and then no more", () => {
  const { sure, known, meet } = makeGroups();
  const out = new Set([1]);
  let looks = 0;
  const hasLeft = ({ cgroupIdV2 }: GroupIds) => {
    looks += 1;
    return out.has(cgroupIdV2);
  };
  sure.ranBefore([group(1), group(2), group(3)], hasLeft);
  meet(2, "host");
  out.add(2);
  sure.caughtUp();
  sure.caughtUp();
  for (const id of [1, 2, 3]) meet(id, "host");
  assert.deepEqual([...known], [["3/0", "host"]]);
  assert.equal(looks, 6);
});

test("where there is no room, those that are met are said again; what was a container's is not the host's then either", () => {
  const { sure, known, meet } = makeGroups(2);
  sure.caughtUp();
  for (const [id, owner] of [
    [1, "container"],
    [2, "host"],
    [3, "host"],
  ] as const)
    meet(id, owner);
  assert.equal(known.size, 0);
  for (const id of [1, 2, 3, 2]) meet(id, "host");
  assert.deepEqual([...known.keys()], ["2/0", "3/0"]);
});

test("that the kernel lost somebody is noted once", () => {
  const { sure, owners, notes } = makeGroups();
  sure.look();
  owners.areStraysLost = true;
  sure.look();
  sure.look();
  assert.deepEqual(notes, ["strays_lost"]);
});

test("whoever left a container before the start is remembered, however many containers come; of too many no host is named", () => {
  const { sure, known, meet } = makeGroups(collectorLimits.groupOwnersMax);
  sure.strayed(groupsKey(group(1)));
  sure.caughtUp();
  for (let id = 2; id < collectorLimits.cgroupPathsMax + 10; id++) meet(id, "container");
  meet(1, "host");
  assert.equal(known.get("1/0"), undefined);
  const many = makeGroups(collectorLimits.groupOwnersMax);
  for (let id = 0; id <= collectorLimits.cgroupPathsMax; id++) many.sure.strayed(groupsKey(group(id)));
  many.sure.caughtUp();
  many.meet(collectorLimits.cgroupPathsMax + 1, "host");
  assert.equal(many.known.size, 0);
});
