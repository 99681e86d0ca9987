import assert from "node:assert/strict";
import { test } from "node:test";
import { BootClock } from "../src/boot-clock.ts";
import { CgroupPaths } from "../src/cgroup-paths.ts";
import { Containers } from "../src/containers.ts";
import { Counters } from "../src/counters.ts";
import { EventMaker } from "../src/event-maker.ts";
import { ProcessTable } from "../src/process-table.ts";
import { HostNames } from "../src/user-names.ts";
import { call, connect, dnsAnswer, exec, exit, fork, open, task } from "./hand-made-records.ts";

function makerOfEvents(plan: { calls: string[]; unasked: string[] } = { calls: [], unasked: [] }): EventMaker {
  const containers = new Containers(new CgroupPaths("/nowhere"), new HostNames());
  return new EventMaker(new ProcessTable(new Counters()), containers, new BootClock(), () => plan);
}

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

test("what a process may do is told of what it and its children do, as its program started", () => {
  const maker = makerOfEvents();
  const shell = task({ pid: 50 });
  const child = task({ pid: 51, ppid: 50, parentStartUs: shell.startUs });
  const records = [
    exec(shell, ["/bin/sh"], { capPermitted: 2 ** 21, nsPgid: 50 }),
    fork(child),
    call({ ...child, capEffective: 2 ** 41 - 1 }, "unshare"),
    exec(child, ["/bin/true"], { capPermitted: 0, nsPgid: 50 }),
    exit(child),
    exec(task({ pid: 52 }), ["/bin/true"], { capPermitted: null, nsPgid: null }),
  ];
  const told = records.map((record) => {
    const event = maker.make(record);
    assert.ok(event?.class === "process" || event?.class === "kernel");
    return [event.activity, event.cap_permitted, event.class === "process" ? event.ns_pgid : null];
  });
  assert.deepEqual(told, [
    ["exec", 2 ** 21, 50],
    ["fork", 2 ** 21, null],
    ["unshare", 2 ** 21, null],
    ["exec", 0, 50],
    ["exit", 0, null],
    ["exec", null, null],
  ]);
});

test("an address has its name where a rule speaks of names; the answers are told where a rule speaks of them", () => {
  const plan = { calls: ["resolved_names", "dns_answer"], unasked: ["dns.answer"] };
  const maker = makerOfEvents(plan);
  const tool = task({ pid: 50 });
  const namesOf = () => {
    const event = maker.make(connect(tool, "192.0.2.1", 443));
    return event?.class === "network" ? [event.src_names, event.dst_names] : undefined;
  };
  assert.equal(maker.make(dnsAnswer(tool, "pool.example", ["192.0.2.1"])), undefined);
  assert.deepEqual(namesOf(), [null, ["pool.example"]]);
  plan.unasked.pop();
  assert.equal(maker.make(dnsAnswer(tool, "pool.example", ["192.0.2.1"]))?.class, "dns");
  plan.calls.shift();
  assert.deepEqual(namesOf(), [null, null]);
  plan.calls.push("resolved_names");
  assert.deepEqual(namesOf(), [null, null], "what nobody asked for any more was forgotten");
});
