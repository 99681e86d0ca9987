// How the sensor keeps itself: budgets of those who do too much, the proof that it sees, and what others do to its programs.
import assert from "node:assert/strict";
import { existsSync, mkdirSync, readdirSync, rmSync } from "node:fs";
import type { SensorReport } from "@atalaya/wire";
import type { Check } from "./check.ts";
import { acts, type GuestWatch, runProgram } from "./guest-watch.ts";
import { connectTo } from "./network.ts";

const groups = "/sys/fs/cgroup";
const pins = "/sys/fs/bpf/atalaya";
/** More than one kind of record of one control group may be at once (bpf/limits.h: 256, and 50 a second). */
const flood = 2_000;

/** A shell in a control group of its own, that becomes the command. */
function runInGroup(name: string, command: string) {
  mkdirSync(`${groups}/${name}`, { recursive: true });
  return runProgram("/bin/sh", ["-c", `echo $$ > ${groups}/${name}/cgroup.procs; exec ${command}`]);
}

/** The pin of a program's link, in the set that the running collector pinned. */
function pinOf(program: string): string {
  const [set = ""] = readdirSync(pins).filter((name) => readdirSync(`${pins}/${name}`).includes("links"));
  return `${pins}/${set}/links/${program}`;
}

async function untilTampered(watch: GuestWatch, what: string, object: string): Promise<void> {
  const isTold = ({ tampered }: SensorReport) => tampered?.some((one) => one.what === what && one.object === object);
  await watch.told(`${object}, ${what}`, (report) => isTold(report) === true);
}

export const sensorChecks: readonly Check[] = [
  {
    name: "a control group over its budget is cut and named, and another's deeds are told",
    needs: ["exit_socket"],
    async run(watch) {
      const raw = (times: number) => `${acts} socket 2 3 1 ${times}`;
      const much = runInGroup("flood", raw(flood));
      const little = runInGroup("quiet", raw(1));
      assert.deepEqual([much.status, little.status], [0, 0], `${much.stderr} ${little.stderr}`);
      await watch.first("network", "socket", (event) => event.pid === little.pid);
      await watch.gone(much.pid);
      const told = watch.all((event) => event.class === "network" && event.pid === much.pid).length;
      assert.ok(told > 0 && told < flood, `${told} of ${flood} were told`);
      const report = await watch.told(
        `${flood - told} of /flood that were not told`,
        ({ throttled }) => throttled?.some(({ where, value }) => where === "/flood" && value === flood - told) === true,
      );
      assert.ok(report.throttled?.every(({ where }) => where !== "/quiet"));
    },
  },
  {
    name: "the sensor proves to itself that it sees its own starts and opens",
    needs: ["exit_openat"],
    async run(watch) {
      const { heartbeat } = await watch.told("two beats", (report) => (report.heartbeat?.beats ?? 0) > 2);
      assert.deepEqual(heartbeat?.missed, []);
    },
  },
  {
    name: "a program that somebody takes off its hook is put back, and told",
    needs: ["connect4"],
    async run(watch) {
      const { status, stderr } = runProgram("/guest/detach", [pinOf("connect4")]);
      assert.equal(status, 0, stderr);
      await untilTampered(watch, "detached", "connect4");
      const port = await connectTo("127.0.0.1");
      await watch.first("network", "connect", (event) => event.dst_port === port);
    },
  },
  {
    name: "who touches what the sensor has in the kernel is told",
    needs: ["sensor_bpf"],
    async run(watch) {
      const { pid, status, stderr } = runProgram("/guest/detach", [pinOf("connect6")]);
      assert.equal(status, 0, stderr);
      const touched = await watch.first("kernel", "sensor_bpf", (event) => event.pid === pid);
      assert.equal(touched.name, "detach");
      await untilTampered(watch, "detached", "connect6");
    },
  },
  {
    name: "who sends the sensor a signal is told",
    needs: ["sensor_signal"],
    async run(watch) {
      const { pid, status, stderr } = runProgram("/bin/sh", ["-c", `kill -CONT ${watch.collectorPid}`]);
      assert.equal(status, 0, stderr);
      const sent = await watch.first("kernel", "sensor_signal", (event) => event.pid === pid);
      assert.deepEqual([sent.target, sent.target_object], ["SIGCONT", "collector"]);
    },
  },
  {
    name: "a pin that somebody removes is put back, and told",
    needs: ["process_exec"],
    async run(watch) {
      const pin = pinOf("process_exec");
      rmSync(pin);
      await untilTampered(watch, "unpinned", "process_exec");
      assert.ok(existsSync(pin), "its pin is not there again");
    },
  },
];
