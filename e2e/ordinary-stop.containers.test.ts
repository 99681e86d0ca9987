import assert from "node:assert/strict";
import { execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { copyFileSync, existsSync, mkdirSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { setTimeout as pause } from "node:timers/promises";
import { builtInPacks } from "@atalaya/detections";
import { loadRules, makeEvaluator } from "@atalaya/rules";
import { CgroupPaths } from "../collector/src/cgroup-paths.ts";
import { eventsOf } from "../collector/test/evasions/evasion.ts";
import { KernelWatch } from "../collector/test/kernel-watch.ts";
import { skipUnless } from "../tools/testing/needs.ts";

// What an upgrade does to the sensor: the kubelet has containerd end its containers, first by SIGTERM, then by SIGKILL. A container
// of a containerd of our own stands for the publisher.

const rule = "Signal To The Sensor";
const id = `atalaya-stop-${process.pid}`;

describe("an ordinary stop of the sensor's container", { skip: skipUnless("kernel", "containers") }, () => {
  let watch: KernelWatch;
  let socket: string;
  let containerd: ReturnType<typeof spawn>;
  let pid: number;

  const ctr = (...args: string[]) =>
    execFileSync("ctr", ["--address", socket, ...args], { encoding: "utf8", timeout: 30_000 });

  before(async () => {
    watch = await KernelWatch.open({ calls: ["sensor_signal"] });
    socket = join(watch.folder, "containerd.sock");
    const root = watch.makeFolder("rootfs/bin");
    copyFileSync("/bin/busybox", join(root, "busybox"));
    symlinkSync("busybox", join(root, "sleep"));
    for (const name of ["proc", "sys", "dev"]) mkdirSync(join(root, "..", name));
    const config = join(watch.folder, "containerd.toml");
    writeFileSync(
      config,
      `version = 2
root = "${watch.folder}/root"
state = "${watch.folder}/state"
disabled_plugins = ["io.containerd.grpc.v1.cri", "io.containerd.internal.v1.opt"]
[grpc]
address = "${socket}"
[ttrpc]
address = "${socket}.ttrpc"
`,
    );
    containerd = spawn("containerd", ["--config", config], { stdio: "ignore" });
    for (let tries = 0; !existsSync(socket) && tries < 300; tries++) await pause(50);
    ctr("run", "--detach", "--rootfs", join(watch.folder, "rootfs"), id, "/bin/sleep", "1000");
    pid = Number(new RegExp(`${id}\\s+(\\d+)`).exec(ctr("task", "ls"))?.[1]);
    watch.source.nameOwnTask("publisher", pid);
  });
  after(async () => {
    try {
      ctr("task", "rm", "--force", id);
      ctr("container", "rm", id);
    } finally {
      const ended = once(containerd, "exit");
      containerd.kill("SIGTERM");
      await ended;
      watch.close();
    }
  });

  /** What was sent by what `act` did, who sent it, and how often that is an alert. */
  async function sent(act: () => void): Promise<{ signals: string[]; senders: string[]; alerts: number }> {
    const known = new Set(watch.of("sensor_signal", () => true));
    act();
    await watch.first("sensor_signal", (record) => !known.has(record));
    const paths = new CgroupPaths();
    paths.scan();
    const all = eventsOf(watch, paths).filter(
      (event) => event.class === "kernel" && event.activity === "sensor_signal",
    );
    const events = all.slice(known.size);
    const evaluator = makeEvaluator(loadRules(builtInPacks()));
    const alerts = events.flatMap((event) => evaluator.evaluate(event).filter((match) => match.rule.name === rule));
    return {
      signals: events.map((event) => (event.class === "kernel" ? (event.target ?? "") : "")),
      senders: events.map((event) => `${event.name} of ${event.ancestor_names?.[0]}`),
      alerts: alerts.length,
    };
  }

  test("the runtime's SIGTERM is no alert", async () => {
    const { signals, senders, alerts } = await sent(() => ctr("task", "kill", "--signal", "SIGTERM", id));
    assert.deepEqual([signals, senders, alerts], [["SIGTERM"], ["runc of containerd-shim"], 0]);
  });

  test("the same by hand is one: through the runtime's program, and by kill", async () => {
    const byRunc = await sent(() =>
      execFileSync("sh", ["-c", 'runc --root /run/containerd/runc/default kill "$1" TERM; exit $?', "sh", id]),
    );
    assert.deepEqual([byRunc.signals, byRunc.senders, byRunc.alerts], [["SIGTERM"], ["runc of sh"], 1]);
    const byKill = await sent(() => execFileSync("/bin/kill", ["-s", "TERM", String(pid)]));
    assert.deepEqual([byKill.signals, byKill.alerts], [["SIGTERM"], 1]);
  });

  test("the runtime's SIGKILL, when its patience is over, is no alert", async () => {
    const { signals, alerts } = await sent(() => ctr("task", "kill", "--signal", "SIGKILL", id));
    assert.deepEqual([[...new Set(signals)], alerts], [["SIGKILL"], 0]);
  });
});
