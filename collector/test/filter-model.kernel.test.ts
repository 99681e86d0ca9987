import assert from "node:assert/strict";
import { execFileSync, spawn } from "node:child_process";
import { mkdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { after, before, describe, test } from "node:test";
import { letsThrough } from "@atalaya/rules";
import { type AtalayaEvent, blankEvent, emptyFilterPlan, type FilterPlan, filterPlanSchema } from "@atalaya/wire";
import fc from "fast-check";
import { skipUnless } from "../../tools/testing/needs.ts";
import { cgroupRoot } from "../src/kernel/cgroup-root.ts";
import { recorderWord } from "../src/recorder-word.ts";
import { KernelWatch, root } from "./kernel-watch.ts";
import { OwnGroups, ownGroupIds } from "./own-groups.ts";

// The kernel's filter and its model (rules/src/plan/lets-through.ts) are asked about the same calls, which are made for
// real: what the property of the plan proves of the model holds of the kernel as far as they agree.

type Call = { line: string; event: AtalayaEvent; key: string };

const names = ["shadow", "id_rsa", "a.pem", "key.pem", "x"];
const ports = [53, 80, 443, 8_443];
const folders = ["", "etc/", "etc/.ssh/", "home/", "bin/x/", "1/2/3/4/5/6/7/8/9/10/11/12/13/"];

function openOf(path: string, isWrite: boolean, error: number): Call {
  const line = `${isWrite ? "w" : "r"} ${path}`;
  const event: AtalayaEvent = {
    ...blankEvent("file"),
    activity: error === 0 ? "open" : "open_failed",
    path,
    open_flags: isWrite ? 1 : 0,
    error: error === 0 ? null : error,
  };
  return { line, event, key: `${event.activity} ${path} ${isWrite ? 1 : 0}` };
}

function portCall(kind: "connect" | "send", port: number): Call {
  const protocol = kind === "connect" ? "tcp" : "udp";
  const event: AtalayaEvent = {
    ...blankEvent("network"),
    activity: kind,
    dst_ip: "127.0.0.1",
    dst_port: port,
    protocol,
  };
  return { line: `${kind === "connect" ? "c" : "u"} ${port}`, event, key: `${kind} ${port}` };
}

function startOf(path: string): Call {
  const event: AtalayaEvent = { ...blankEvent("process"), activity: "exec_failed", filename: path, error: -2 };
  return { line: `x ${path}`, event, key: `exec_failed ${path}` };
}

/** Refused, so that nothing changes: the folder "none" is in no folder. */
function changeOf(activity: "rename" | "unlink" | "chmod", path: string, other: string | null): Call {
  const letter = { rename: "m", unlink: "d", chmod: "h" }[activity];
  const mode = activity === "chmod" ? 0o4755 : null;
  const event: AtalayaEvent = { ...blankEvent("file"), activity, path, other_path: other, mode, error: -2 };
  const line = other === null ? `${letter} ${path}` : `${letter} ${path}\t${other}`;
  return { line, event, key: `${activity} ${path} ${other ?? ""}` };
}

function changesOf(path: string, other: string): Call[] {
  return [changeOf("rename", path, other), changeOf("unlink", path, null), changeOf("chmod", path, null)];
}

/** Every kind of call on every name, port and folder. */
function callsIn(folder: string): Call[] {
  const files = folders.flatMap((one) => names.map((name) => `${folder}/${one}${name}`));
  const absent = folders.slice(0, 2).flatMap((one) => names.map((name) => `${folder}/${one}none/${name}`));
  const namespace = { ...blankEvent("process"), activity: "namespace" as const };
  return [
    ...files.flatMap((path) => [openOf(path, false, 0), openOf(path, true, 0)]),
    ...absent.map((path) => openOf(path, false, -2)),
    ...absent.map(startOf),
    ...absent.flatMap((path, i) => changesOf(path, absent.at(-1 - i) ?? path)),
    ...ports.flatMap((port) => [portCall("connect", port), portCall("send", port)]),
    { line: "n", event: namespace, key: "namespace" },
  ];
}

function planIn(folder: string): fc.Arbitrary<FilterPlan> {
  const some = <T>(values: readonly T[]) => fc.subarray([...values], { maxLength: 2 });
  const prefixes = [...folders.slice(0, 5), "etc/s", "bin"].map((one) => `${folder}/${one}`);
  const kinds = ["file.open", "file.open_failed", "process.exec_failed", "network.connect", "network.send"];
  const rarely = <T>(value: fc.Arbitrary<T>, otherwise: T) =>
    fc.oneof({ weight: 2, arbitrary: fc.constant(otherwise) }, { weight: 1, arbitrary: value });
  return fc
    .record({
      open_names: some([...names, ".ssh", "home"]),
      exec_names: some(names),
      open_suffixes: rarely(some([".pem", "sa", "w", "a.pem", "y.pem"]), []),
      open_prefixes: rarely(some([...prefixes, "/"]), []),
      write_prefixes: rarely(some(prefixes), []),
      refused_opens: rarely(fc.constant(true), false),
      refused_execs: rarely(fc.constant(true), false),
      connect_ports: rarely(some(ports), null as number[] | null),
      send_ports: rarely(some(ports), null as number[] | null),
      calls: rarely(some(["rename", "unlink", "chmod", "chmod_setid"]), []),
      listed_changes: some(["rename", "unlink", "chmod"]),
      change_names: rarely(some(names), []),
      change_suffixes: rarely(some([".pem", "sa", "w", "a.pem", "y.pem"]), []),
      change_prefixes: rarely(some([...prefixes, "/"]), []),
      containers_only: fc.subarray([...kinds, "file.rename", "file.unlink", "file.chmod"]),
      unasked: rarely(some([...kinds, "process.namespace"]), []),
    })
    .map((drawn) => filterPlanSchema.parse({ ...emptyFilterPlan, ...drawn, version: 1 }));
}

/** What the flight recorder keeps of a recorded container although no rule asks for it. */
function isKept(event: AtalayaEvent): boolean {
  if (event.class === "network") return true;
  return event.class === "file" && event.activity === "open" && ((event.open_flags ?? 0) & 3) !== 0;
}

/** The folder of the control group of version 2 that this process is in. */
function ownGroup(): string {
  const line = readFileSync("/proc/self/cgroup", "utf8")
    .split("\n")
    .find((one) => one.startsWith("0::"));
  return join(cgroupRoot() ?? "", line?.slice(3) ?? "");
}

describe("the kernel's filter", { skip: skipUnless("kernel") }, () => {
  let watch: KernelWatch;
  let sampler: string;
  let groups: OwnGroups;
  const home = ownGroup();
  before(async () => {
    watch = await KernelWatch.open();
    groups = new OwnGroups("model", 1);
    sampler = join(watch.folder, "sample-calls");
    const source = join(root, "collector", "test", "programs", "sample-calls.c");
    execFileSync("gcc", ["-O2", "-Wall", "-Werror", "-D_GNU_SOURCE", "-static", source, "-o", sampler]);
    for (const { line, event } of callsIn(watch.folder)) {
      if (event.activity !== "open") continue;
      mkdirSync(dirname(line.slice(2)), { recursive: true });
      writeFileSync(line.slice(2), "");
    }
  });
  after(() => {
    writeFileSync(join(home, "cgroup.procs"), String(process.pid));
    groups.remove();
    watch.close();
  });

  /** What arrived of one process, as the keys of calls: for rules, or for the flight recorder alone. */
  function arrived(pid: number, forRecorder = false): string[] {
    const keys: string[] = [];
    for (const record of watch.records) {
      const { kind } = record;
      if ((record.forRecorder === true) !== forRecorder) continue;
      // A namespace is its first process's.
      if (kind === "namespace" ? record.task.ppid !== pid : record.task.pid !== pid) continue;
      if (kind === "open" || kind === "open_failed") keys.push(`${kind} ${record.path} ${record.openFlags & 3}`);
      else if (kind === "exec_failed") keys.push(`${kind} ${record.filename}`);
      else if (kind === "connect" || kind === "send") keys.push(`${kind} ${record.dstPort}`);
      else if (kind === "change") keys.push(`${record.change} ${record.path} ${record.otherPath ?? ""}`);
      else if (kind === "namespace") keys.push(kind);
    }
    return keys.sort();
  }

  test("keeps back of the host what its model does, and nothing of whom it does not know for the host's", async () => {
    const calls = callsIn(watch.folder);
    const input = Buffer.from(`${calls.map((one) => one.line).join("\n")}\n`);
    const seed = Date.now() % 2 ** 31;
    let kept = 0;
    const own = ownGroupIds();
    for (const [i, plan] of fc.sample(planIn(watch.folder), { numRuns: 30, seed }).entries()) {
      const isHost = i % 2 === 0;
      if (isHost) watch.source.owners.set(own, "host");
      else watch.source.owners.forget(own);
      watch.records.length = 0;
      watch.setPlan(plan);
      const { pid, status } = watch.run(sampler, [], { input });
      assert.equal(status, 0);
      await watch.first("exit", (record) => record.task.pid === pid);
      const id = isHost ? "host" : "0123456789ab";
      const expected = calls.filter(({ event }) => letsThrough(plan, { ...event, container_id: id } as AtalayaEvent));
      kept += calls.filter(({ event }) => letsThrough(plan, event)).length - expected.length;
      assert.deepEqual(arrived(pid), expected.map((one) => one.key).sort(), `seed ${seed}, ${JSON.stringify(plan)}`);
    }
    watch.source.owners.forget(own);
    assert.ok(kept > 100, `${kept} calls were kept back because they are the host's`);
  });

  test("lets through what its model does, recorded or not, and beside it what the recorder keeps, under drawn plans", async () => {
    const calls = callsIn(watch.folder);
    const input = Buffer.from(`${calls.map((one) => one.line).join("\n")}\n`);
    const seed = Date.now() % 2 ** 31;
    let [letThrough, recorded] = [0, 0];
    const [folder = ""] = groups.folders;
    const group = { cgroupId: statSync(folder).ino, cgroupVersion: 2 } as const;
    writeFileSync(join(folder, "cgroup.procs"), String(process.pid));
    for (const [i, plan] of fc.sample(planIn(watch.folder), { numRuns: 60, seed }).entries()) {
      const isRecorded = i % 2 === 1;
      if (isRecorded) watch.source.recorded.add(group);
      else watch.source.recorded.remove(group);
      watch.records.length = 0;
      watch.setPlan(isRecorded ? { ...plan, calls: [...plan.calls, recorderWord] } : plan);
      const { pid, status } = watch.run(sampler, [], { input });
      assert.equal(status, 0);
      await watch.first("exit", (record) => record.task.pid === pid);
      const expected = calls.filter((one) => letsThrough(plan, one.event)).map((one) => one.key);
      letThrough += expected.length;
      assert.deepEqual(arrived(pid), expected.sort(), `seed ${seed}, ${JSON.stringify(plan)}`);
      const kept = calls.filter((one) => isRecorded && isKept(one.event) && !letsThrough(plan, one.event));
      assert.deepEqual(arrived(pid, true), kept.map((one) => one.key).sort(), `seed ${seed}, ${JSON.stringify(plan)}`);
      recorded += kept.length;
    }
    watch.source.recorded.remove(group);
    assert.ok(letThrough > 500, `${letThrough} calls were let through`);
    assert.ok(recorded > 300, `${recorded} calls were kept for the recorder`);
  });

  test("nothing is lost that the plan before and the plan after both ask for, however often they change", async () => {
    const wanted = `${watch.folder}/etc/shadow`;
    const opens = 100_000;
    const many = Array.from({ length: 500 }, (_, i) => `name${i}`);
    const plans: Partial<FilterPlan>[] = [
      { open_names: ["shadow"] },
      { open_names: [...many, "shadow"], open_suffixes: [".pem"], connect_ports: [80] },
      { open_suffixes: ["dow"], connect_ports: [] },
      { open_prefixes: [`${watch.folder}/etc/`] },
      { open_prefixes: ["/"], open_names: many },
      { open_names: ["etc"], write_prefixes: [`${watch.folder}/etc/`] },
    ];
    watch.records.length = 0;
    watch.setPlan(plans[0] ?? {});
    const [before, throttled] = [watch.count("open", "ring_full"), watch.count("open", "throttled")];
    const child = spawn(watch.acts, ["opens", "openat", String(opens), wanted], { stdio: "ignore" });
    const pid = child.pid ?? 0;
    const ended = new Promise((resolve) => child.once("close", resolve));
    let changes = 0;
    let isRunning = true;
    void ended.then(() => {
      isRunning = false;
    });
    while (isRunning) {
      watch.setPlan(plans[changes++ % plans.length] ?? {});
      watch.drain();
      await new Promise((resolve) => setImmediate(resolve));
    }
    await watch.first("exit", (record) => record.task.pid === pid);
    assert.equal(watch.count("open", "ring_full"), before);
    assert.ok(changes > plans.length, `${changes} changes`);
    // What is over the control group's budget passed the filter, and is counted.
    const seen = watch.of("open", (record) => record.task.pid === pid && record.path === wanted).length;
    const over = watch.count("open", "throttled") - throttled;
    assert.ok(seen > 0 && seen + over >= opens, `${seen} were seen, ${over} were over the budget`);
  });

  test("what nobody asks for stays in the kernel, counted, and comes again with the next plan", async () => {
    // Questions over TCP need the hook of connections.
    watch.setPlan({ unasked: ["network.connect"], dns_domains: ["example.org"] });
    const before = watch.count("connect", "filtered");
    const quiet = watch.run(sampler, [], { input: Buffer.from("c 80\nc 443\n") });
    await watch.first("exit", (record) => record.task.pid === quiet.pid);
    assert.deepEqual(arrived(quiet.pid), []);
    assert.ok(watch.count("connect", "filtered") >= before + 2);
    watch.setPlan({ unasked: ["network.connect"] });
    const attempted = watch.count("connect", "attempted");
    const unhooked = watch.run(sampler, [], { input: Buffer.from("c 80\n") });
    await watch.first("exit", (record) => record.task.pid === unhooked.pid);
    assert.deepEqual(arrived(unhooked.pid), []);
    assert.equal(watch.count("connect", "attempted"), attempted, "no program of ours saw a connection");
    watch.setPlan({ unasked: ["process.exec", "process.fork", "process.exit"] });
    const { pid } = watch.run(sampler, [], { input: Buffer.from("c 80\n") });
    await watch.first("exec", (record) => record.task.pid === pid);
    await watch.first("exit", (record) => record.task.pid === pid);
    assert.deepEqual(arrived(pid), ["connect 80"]);
  });
});
