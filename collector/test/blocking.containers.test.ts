import assert from "node:assert/strict";
import { execFileSync, spawnSync } from "node:child_process";
import {
  chmodSync,
  chownSync,
  copyFileSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmdirSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { setTimeout as pause } from "node:timers/promises";
import {
  type DriftPolicy,
  emptyFilterPlan,
  encodeMessage,
  messageKinds,
  type SensorReport,
  signState,
} from "@atalaya/wire";
import { skipUnless } from "../../tools/testing/needs.ts";
import { buildCollector } from "../build.mjs";
import { CollectorProcess, PinPlace } from "./collector-process.ts";
import { root } from "./kernel-watch.ts";
import { StandInPublisher } from "./stand-in-publisher.ts";

// From a signed policy and the node's own file to the kernel, with real containers: two of namespace shop and one of tools,
// with annotations as a kubelet's containerd writes them. A program whose only act is to make a file is brought into each:
// where the file is not, nothing of it ran.

const uid = "0b1d5c3e-0000-4000-8000-000000000001";
const shopBlocks: DriftPolicy = { rules: [{ name: "shop", namespaces: ["shop"], action: "block" }] };

/** The groups above the containers', in every hierarchy: runc removes only those that it was told of. */
function removeGroups(): void {
  const above = ["atalaya-blocking", "kubepods", "burstable", `pod${uid}`];
  for (const hierarchy of [".", ...readdirSync("/sys/fs/cgroup")]) {
    for (let depth = above.length; depth > 0; depth--) {
      const path = join("/sys/fs/cgroup", hierarchy, ...above.slice(0, depth));
      if (existsSync(path)) rmdirSync(path);
    }
  }
}

class Pod {
  readonly #place: string;
  readonly #state: string;
  readonly id: string;
  #made = 0;

  constructor(folder: string, digit: string, namespace: string, args = ["/bin/sleep", "10000"]) {
    this.id = digit.repeat(64);
    this.#place = join(folder, "io.containerd.runtime.v2.task", "k8s.io", this.id);
    this.#state = join(folder, "runc");
    for (const part of ["image/proc", "image/bin", "up", "work", "rootfs"])
      mkdirSync(join(this.#place, part), { recursive: true });
    copyFileSync("/bin/busybox", join(this.#place, "image/bin/busybox"));
    for (const applet of ["sh", "sleep", "cp"]) symlinkSync("busybox", join(this.#place, "image/bin", applet));
    copyFileSync(join(folder, "mark"), join(this.#place, "image/mark"));
    const layers = `lowerdir=${this.#place}/image,upperdir=${this.#place}/up,workdir=${this.#place}/work`;
    execFileSync("mount", ["-t", "overlay", "overlay", "-o", layers, join(this.#place, "rootfs")]);
    const config = {
      ociVersion: "1.0.2",
      annotations: {
        "io.kubernetes.cri.container-name": "web",
        "io.kubernetes.cri.image-name": "registry.example/web:1",
        "io.kubernetes.cri.sandbox-name": `${namespace}-0`,
        "io.kubernetes.cri.sandbox-namespace": namespace,
      },
      process: { user: { uid: 0, gid: 0 }, args, env: ["PATH=/bin"], cwd: "/" },
      root: { path: "rootfs", readonly: false },
      mounts: [{ destination: "/proc", type: "proc", source: "proc" }],
      linux: {
        cgroupsPath: `/atalaya-blocking/kubepods/burstable/pod${uid}/${this.id}`,
        namespaces: ["pid", "ipc", "uts", "mount", "network"].map((type) => ({ type })),
      },
    };
    writeFileSync(join(this.#place, "config.json"), JSON.stringify(config));
    this.start();
    this.exec("/bin/cp", "/mark", "/brought");
  }

  /** Also again, under the same id and on the same root, as Docker does. */
  start(): void {
    this.#runc("run", "-d", "-b", this.#place, this.id);
  }

  stop(): void {
    this.#runc("delete", "--force", this.id);
  }

  /** Whether the program got as far as to its act. */
  runs(program: string, mark = `/made-${++this.#made}`): boolean {
    this.exec(program, mark);
    return existsSync(join(this.#place, "up", mark));
  }

  exec(...args: string[]): number | null {
    return spawnSync("runc", ["--root", this.#state, "exec", this.id, ...args], { stdio: "ignore" }).status;
  }

  end(): void {
    spawnSync("runc", ["--root", this.#state, "delete", "--force", this.id], { stdio: "ignore" });
    spawnSync("umount", [join(this.#place, "rootfs")], { stdio: "ignore" });
  }

  #runc(...args: string[]): void {
    execFileSync("runc", ["--root", this.#state, ...args], { stdio: "ignore" });
  }
}

describe("what a policy and the node's own file say is blocked", { skip: skipUnless("kernel", "containers") }, () => {
  const place = new PinPlace();
  const [key, ca] = [join(place.folder, "ca.key"), join(place.folder, "ca.pem")];
  const socket = join(place.folder, "collector.sock");
  const own = join(place.folder, "own");
  const permitFile = join(own, "enforce.json");
  let publisher: StandInPublisher;
  let collector: CollectorProcess | undefined;
  let version = 0;
  let shop: Pod;
  let tools: Pod;

  before(async () => {
    await buildCollector({ root, log: () => undefined });
    const what = ["-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-subj", "/CN=hub"];
    execFileSync("openssl", ["req", ...what, "-keyout", key, "-out", ca, "-days", "1"], { stdio: "ignore" });
    const program = join(root, "collector", "test", "programs", "mark.c");
    execFileSync("gcc", ["-O2", "-D_GNU_SOURCE", "-static", program, "-o", join(place.folder, "mark")]);
    mkdirSync(own, { mode: 0o755 });
    publisher = await StandInPublisher.listen(socket);
    shop = new Pod(place.folder, "a", "shop");
    tools = new Pod(place.folder, "b", "tools");
    await start();
  });
  after(async () => {
    await collector?.end("SIGKILL");
    shop?.end();
    tools?.end();
    removeGroups();
    await publisher?.close();
    place.remove();
  });

  async function start(): Promise<void> {
    const tasks = join(place.folder, "io.containerd.runtime.v2.task");
    const args = ["--pin", place.pin, "--state", join(place.folder, "state"), "--ca", ca, "--enforce", permitFile];
    collector = new CollectorProcess(socket, [...args, "--containerd", tasks]);
    assert.equal((await collector.ready).type, "ready");
  }

  async function want(drift: DriftPolicy | undefined): Promise<void> {
    version += 1;
    const filters = { ...emptyFilterPlan, version };
    const of = { cluster: "c", node: "n", workspace: "w", revoked: false, issued_us: 1 };
    const state = { version, filters, ...of, ...(drift === undefined ? {} : { drift }) };
    const signed = signState(state, readFileSync(key, "utf8"));
    publisher.say(encodeMessage(messageKinds.state, Buffer.from(JSON.stringify(signed))));
    const [is] = [version];
    await publisher.until("its confirmation", () =>
      publisher.confirmed.some((one) => JSON.stringify(one) === `{"version":${is}}`),
    );
  }

  function permit(text: string | object): void {
    writeFileSync(permitFile, typeof text === "string" ? text : JSON.stringify(text));
  }
  const on = { blocking: "on", permit: [{ namespaces: ["shop", "tools"] }] };

  type Blocking = SensorReport["blocking"];
  async function told(what: string, holds: (blocking: Blocking) => boolean): Promise<Blocking> {
    const from = publisher.reports.length;
    const last = () => publisher.reports.at(-1)?.report.blocking;
    try {
      await publisher.until(what, () => publisher.reports.length > from && holds(last()), 15_000);
    } catch (error) {
      throw new Error(`${(error as Error).message}: ${JSON.stringify(last())}`);
    }
    return last();
  }
  const isOn = (containers: number) => (blocking: Blocking) =>
    blocking?.state === "on" && blocking.containers === containers;

  async function verdict(mark: string): Promise<string | null | undefined> {
    await publisher.until(`the event of ${mark}`, () => publisher.execs.has(mark));
    return publisher.execs.get(mark)?.[0]?.exec_verdict;
  }

  test("without the node's word nothing is blocked, and the report says so", { timeout: 60_000 }, async () => {
    await want(shopBlocks);
    const blocking = await told("not permitted", (one) => one?.state === "not_permitted");
    assert.deepEqual(blocking?.withheld, [{ reason: "not_permitted", value: 1 }]);
    assert.equal(shop.runs("/brought"), true);
  });

  test("a brought program of the namespace ends before its act; others, and the image's, run", {
    timeout: 60_000,
  }, async () => {
    permit(on);
    await told("one container", isOn(1));
    assert.equal(shop.runs("/brought", "/blocked-1"), false);
    assert.equal(await verdict("/blocked-1"), "blocked");
    assert.equal(shop.runs("/mark"), true);
    assert.equal(tools.runs("/brought", "/other-1"), true);
    assert.equal(await verdict("/other-1"), null);
    const { report } = await publisher.nextReport();
    assert.equal(report.counters.find((one) => one.reason === "exec_blocked")?.value, 1);
  });

  test("a container that starts later is blocked, too", { timeout: 60_000 }, async () => {
    const late = new Pod(place.folder, "c", "shop");
    try {
      await told("two containers", isOn(2));
      assert.equal(late.runs("/brought"), false);
      late.stop();
      late.start();
      assert.equal(late.exec("/mark", "/again"), 0);
      await told("what runs in it now", () => true);
      assert.equal(late.runs("/brought"), false, "after it was started again");
    } finally {
      late.end();
    }
    await told("the one that stays", isOn(1));
  });

  test("a container that brings and runs a program at once is blocked within a second of its start", {
    timeout: 60_000,
  }, async (t) => {
    const script = "cp /mark /early; i=0; while [ $i -lt 500 ]; do i=$((i+1)); /early /early-$i; done; sleep 10000";
    const early = new Pod(place.folder, "d", "shop", ["/bin/sh", "-c", script]);
    try {
      await publisher.until("the last", () => publisher.execs.has("/early-500"));
      const start = publisher.execs.get("-c")?.find((one) => one.argv?.[2] === script)?.time_us ?? 0;
      const execs = [...publisher.execs].filter(([mark]) => mark.startsWith("/early-")).map(([, [event]]) => event);
      const first = execs.find((event) => event?.exec_verdict === "blocked");
      const ranMs = ((first?.time_us ?? Number.POSITIVE_INFINITY) - start) / 1_000;
      t.diagnostic(`${execs.filter((one) => one?.exec_verdict === null).length} ran; blocked after ${ranMs} ms`);
      assert.ok(start > 0 && ranMs < 1_000, `${ranMs} ms`);
    } finally {
      early.end();
    }
    await told("the one that stays", isOn(1));
  });

  const letsGo: Record<string, [change: () => void, state: string]> = {
    "its switch is off": [() => permit({ ...on, blocking: "off" }), "off"],
    "it is gone": [() => rmSync(permitFile), "not_permitted"],
    "it permits another namespace": [() => permit({ ...on, permit: [{ namespaces: ["tools"] }] }), "on"],
    "others may write to it": [() => chmodSync(permitFile, 0o666), "refused"],
    "it is not root's": [() => chownSync(permitFile, 65_532, 0), "refused"],
    "others may write to its folder": [() => chmodSync(own, 0o777), "refused"],
    "it is not JSON": [() => permit("{"), "refused"],
    "it has a word that is not known": [() => permit({ ...on, blocks: true }), "refused"],
    "a scope of it is empty": [() => permit({ ...on, permit: [{}] }), "refused"],
    "it is a link": [
      () => {
        rmSync(permitFile);
        writeFileSync(join(own, "elsewhere"), JSON.stringify(on));
        symlinkSync("elsewhere", permitFile);
      },
      "refused",
    ],
  };
  for (const [what, [change, state]] of Object.entries(letsGo)) {
    test(`where the node's file changes, the block goes within two seconds: ${what}`, { timeout: 60_000 }, async () => {
      rmSync(permitFile, { force: true });
      chmodSync(own, 0o755);
      permit(on);
      await told("one container", isOn(1));
      assert.equal(shop.runs("/brought"), false);
      change();
      const changedMs = performance.now();
      while (!shop.runs("/brought")) {
        assert.ok(performance.now() - changedMs < 2_000, "still blocked");
        await pause(20);
      }
      const blocking = await told(state, (one) => one?.state === state && one.containers === 0);
      assert.equal(typeof blocking?.why === "string", state === "refused");
    });
  }

  test("on trial it runs, and its event says what would have been", { timeout: 60_000 }, async () => {
    rmSync(permitFile, { force: true });
    permit(on);
    await want({ rules: [{ name: "shop", namespaces: ["shop"], action: "block", trial: true }] });
    await told("one on trial", (one) => one?.state === "on" && one.trials === 1);
    assert.equal(shop.runs("/brought", "/trial-1"), true);
    assert.equal(await verdict("/trial-1"), "would_block");
  });

  test("an earlier rule decides, and one that asks for what is not known of a container lets it alone", {
    timeout: 60_000,
  }, async () => {
    const all = { name: "all", action: "block" } as const;
    await want({ rules: [{ name: "tools", namespaces: ["tools"], action: "alert" }, all] });
    await told("one container", isOn(1));
    assert.equal(tools.runs("/brought"), true);
    assert.equal(shop.runs("/brought"), false);
    await want({ rules: [{ name: "shop", namespaces: ["shop"], action: "ignore" }, all] });
    await told("the other container", isOn(1));
    assert.equal(shop.runs("/brought"), true);
    assert.equal(tools.runs("/brought"), false);
  });

  test("a policy with a word of a later version blocks nothing, and the rest of the state is in force", {
    timeout: 60_000,
  }, async () => {
    const later = { rules: [{ name: "all", action: "block", labels: ["app=web"] }] };
    await want(later as unknown as DriftPolicy);
    await told("the word", (one) => one?.state === "not_understood" && one.containers === 0);
    assert.equal(publisher.reports.at(-1)?.report.filters_version, version);
    assert.equal(shop.runs("/brought"), true);
  });

  test("when the collector is killed it runs again within 5 s; the next one blocks without a hub's word", {
    timeout: 90_000,
  }, async () => {
    await want(shopBlocks);
    await told("one container", isOn(1));
    assert.equal(shop.runs("/brought"), false);
    await collector?.end("SIGKILL");
    const endMs = performance.now();
    while (!shop.runs("/brought")) {
      assert.ok(performance.now() - endMs < 5_000, "still blocked after 5 s");
      await pause(50);
    }
    await start();
    await told("one container", isOn(1));
    assert.equal(shop.runs("/brought"), false);
  });

  test("when the collector is told to end, it runs again at once", { timeout: 60_000 }, async () => {
    assert.equal(shop.runs("/brought"), false);
    await collector?.end("SIGTERM");
    assert.equal(shop.runs("/brought"), true);
  });
});
