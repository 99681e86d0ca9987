// What a pod may do to whoever watches it: too much of everything, and names that are none.
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { copyFileSync, mkdirSync, writeFileSync } from "node:fs";
import { after, before, describe, test } from "node:test";
import { type AtalayaEvent, decodeEvents, EventEncoder, eventFromJson, eventToJson } from "@atalaya/wire";
import { skipUnless } from "../../tools/testing/needs.ts";
import { BootClock } from "../src/boot-clock.ts";
import { CgroupPaths } from "../src/cgroup-paths.ts";
import { Containers } from "../src/containers.ts";
import { Counters } from "../src/counters.ts";
import { EventMaker } from "../src/event-maker.ts";
import { ProcessTable } from "../src/process-table.ts";
import { containerNames, HostNames } from "../src/user-names.ts";
import { KernelWatch } from "./kernel-watch.ts";

const odd = "a\nb\t\u001b[2J\u202egnp.exe\ufffd";
/** The same in the shell's printf; the last byte is no UTF-8. */
const oddInShell = "a\\nb\\t\\033[2J\\342\\200\\256gnp.exe\\377";

describe("a hostile pod", { skip: skipUnless("kernel") }, () => {
  let watch: KernelWatch;
  before(async () => {
    watch = await KernelWatch.open({ open_names: ["flooded", "watched-folder"], exec_names: ["x".repeat(255)] });
    writeFileSync(`${watch.folder}/flooded`, "");
  });
  after(() => watch?.close());

  /** attempted = what became of it, for a class. */
  function assertBalanced(name: string): void {
    const counters = watch.source.counters().filter((one) => one.class === name);
    const of = (reason: string) => counters.find((one) => one.reason === reason)?.value ?? Number.NaN;
    const became = ["submitted", "ring_full", "filtered", "scratch_busy", "unread", "throttled"].map(of);
    const open = of("attempted") - became.reduce((sum, one) => sum + one, 0);
    // Processors go on counting while we read.
    assert.ok(Math.abs(open) <= 8, `${name}: ${open} of ${of("attempted")} are not accounted for (${became})`);
  }

  test("cannot hide an execution behind 1.9 MiB of arguments, nor the ones after it", async () => {
    const long = Array.from({ length: 15 }, (_, i) => String.fromCharCode(97 + i).repeat(130_000));
    const { pid } = watch.act("exec", "/bin/true", ...long, "the-end");
    const exec = await watch.first("exec", (record) => record.task.pid === pid && record.exePath.endsWith("/true"));
    assert.equal(exec.argsTruncated, true);
    assert.ok(exec.argsBytesTotal > 1_900_000);
    assert.equal(exec.argv.at(-1), "the-end", "the tail is kept");
    assert.ok(exec.argv.join("").length < 11_000);
    const next = watch.act("exec", "/bin/true", "quiet");
    await watch.first("exec", (record) => record.task.pid === next.pid && record.argv.includes("quiet"));
  });

  test("cannot lose its own children among ten thousand", async () => {
    const lostBefore = watch.count("fork", "ring_full") + watch.count("exit", "ring_full");
    const child = spawn(watch.acts, ["forks", "10000"], { stdio: "inherit" });
    const ended = once(child, "exit");
    let isRunning = true;
    void ended.then(() => {
      isRunning = false;
    });
    while (isRunning) {
      watch.drain();
      await new Promise((resolve) => setTimeout(resolve, 2));
    }
    assert.deepEqual(await ended, [0, null]);
    await watch.first("exit", (record) => record.task.pid === child.pid);
    const lost = watch.count("fork", "ring_full") + watch.count("exit", "ring_full") - lostBefore;
    const forks = watch.of("fork", (record) => record.task.ppid === child.pid).length;
    const exits = watch.of("exit", (record) => record.task.ppid === child.pid).length;
    assert.equal(forks + exits + lost, 20_000, "each is seen or counted");
    for (const name of ["fork", "exit"]) assertBalanced(name);
  });

  test("cannot hide what runs behind a flood of opens that nobody reads", async () => {
    const lostBefore = watch.count("open", "throttled");
    const floods = Array.from({ length: 3 }, () =>
      spawn(watch.acts, ["opens", "openat", "60000", `${watch.folder}/flooded`], { stdio: "ignore" }),
    );
    const ended = Promise.all(floods.map((flood) => once(flood, "exit")));
    const pids: number[] = [];
    for (let i = 0; i < 60; i++) {
      // Nobody reads the opens' ring.
      pids.push(watch.act("exec", "/bin/true", `during-${i}`).pid);
      const { records, next } = watch.source.drain("lifecycle");
      watch.records.push(...records);
      watch.source.release("lifecycle", next);
    }
    await ended;
    const rest = watch.source.drain("lifecycle");
    watch.records.push(...rest.records);
    watch.source.release("lifecycle", rest.next);
    const seen = new Set(
      watch.of("exec", (record) => record.argv[1]?.startsWith("during-") ?? false).map((one) => one.task.pid),
    );
    assert.deepEqual(
      pids.filter((pid) => !seen.has(pid)),
      [],
    );
    assert.ok(watch.count("open", "throttled") > lostBefore, "what was lost is counted");
    assert.equal(watch.count("exec", "ring_full"), 0);
    for (const name of ["open", "exec", "fork", "exit"]) assertBalanced(name);
    watch.drain();
    assert.equal(watch.undecodable, 0);
  });

  test("cannot break an event by the names that it gives to files, programs, folders and arguments", async () => {
    const folder = watch.makeFolder("watched-folder");
    const script = `cd ${folder} && n=$(printf '${oddInShell}') && cp /bin/true "$n" && mkdir "d$n" && cp /etc/hostname "d$n/$n"
      ./"$n" "$n" "$(printf '\\377\\376')" '' && cat "d$n/$n" > /dev/null`;
    watch.run("/bin/sh", ["-c", script]);
    const exec = await watch.first("exec", (record) => record.exePath === `${folder}/${odd}`);
    assert.deepEqual(exec.argv, [`./${odd}`, odd, "\ufffd\ufffd", ""]);
    const open = await watch.first("open", ({ path, task }) => path.endsWith(`/d${odd}/${odd}`) && task.comm === "cat");
    const containers = new Containers(new CgroupPaths(), new HostNames());
    const maker = new EventMaker(new ProcessTable(new Counters()), containers, new BootClock());
    const encoder = new EventEncoder();
    for (const record of [exec, open]) encoder.add(maker.make(record) as AtalayaEvent);
    const decoded = decodeEvents(Buffer.from(encoder.bytes()));
    assert.ok(decoded.ok);
    for (const event of decoded.value) {
      const line = JSON.stringify(eventToJson(event));
      assert.equal(line.includes("\n"), false, "an event is one line");
      assert.deepEqual(eventFromJson(JSON.parse(line)), { ok: true, value: event });
    }
  });

  test("cannot make its watcher wait at a pipe in the place of /etc/passwd, nor lead it to another's", async () => {
    for (const [name, put] of [
      ["pipe", "rm -f etc/passwd && mkfifo etc/passwd"],
      ["link", "ln -sf /proc/1/root/etc/passwd etc/passwd"],
      ["folder", "rm -f etc/passwd && mkdir -p etc/passwd"],
      ["etc-link", "rm -rf etc && ln -s /proc/1/root/etc etc"],
      ["endless", "rm -rf etc/passwd && mkdir -p etc && ln /dev/null etc/x 2>/dev/null; mknod etc/passwd c 1 5"],
    ] as const) {
      const root = watch.makeFolder(`root-${name}`);
      mkdirSync(`${root}/etc`, { recursive: true });
      copyFileSync("/bin/busybox", `${root}/busybox`);
      const inside = `cd ${root} && ${put} && mount --bind . . && cd ${root} && exec chroot . /busybox sleep 30`;
      const child = spawn("unshare", ["-m", "sh", "-c", inside], { stdio: "ignore" });
      try {
        const pid = child.pid ?? 0;
        await watch.first("exec", (record) => record.task.pid === pid && record.task.comm === "busybox");
        const started = performance.now();
        const names = containerNames(pid, new HostNames());
        assert.ok(names !== "later" && names.size === 0, `${name}: ${names === "later" ? names : names.size}`);
        assert.ok(performance.now() - started < 1_000, name);
      } finally {
        child.kill("SIGKILL");
        await once(child, "exit");
      }
    }
  });
});
