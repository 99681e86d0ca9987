// A container's root as a runtime makes it, where a policy and the node's own file block what did not come with the image: by a
// refusal where the kernel asks BPF programs (BPF LSM), else by a signal. The only act of the program is to make a file.
import assert from "node:assert/strict";
import { type ChildProcessWithoutNullStreams, spawn } from "node:child_process";
import { copyFileSync, existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { release } from "node:os";
import { dirname, join } from "node:path";
import { createInterface } from "node:readline";
import { setTimeout as pause } from "node:timers/promises";
import type { DriftPolicy } from "@atalaya/wire";
import { hasBpfLsm } from "../../../collector/src/kernel/bpf-lsm.ts";
import { leaseMsMax } from "../limits.ts";
import type { Check } from "./check.ts";
import type { EventOf, GuestWatch } from "./guest-watch.ts";

/** What the collector is started with, so that something can be blocked. */
export const permitFile = "/run/enforce/enforce.json";

const id = "9".repeat(64);
const group = `/sys/fs/cgroup/kubepods/besteffort/pod0f5a3c1e-6c1b-4c0e-9d55-0123456789ac/${id}`;
const place = "/tmp/containers/blocked";
const [major = 0, minor = 0] = release().split(".").map(Number);
/** Before Linux 5.11 no module's types are described, and the overlay is one: what is not known is not blocked. */
const knowsOverlay = major > 5 || minor >= 11;

const rule: DriftPolicy["rules"][number] = { name: "shop", namespaces: ["shop"], action: "block" };
const blocks: DriftPolicy = { rules: [rule] };
const tries: DriftPolicy = { rules: [{ ...rule, trial: true }] };

/** A container of namespace shop. Commands are run in it by a shell that stays. */
class Container {
  readonly #shell: ChildProcessWithoutNullStreams;
  readonly #answers: AsyncIterator<string>;

  private constructor() {
    for (const folder of ["image/proc", "image/bin", "up", "work", "merged"])
      mkdirSync(`${place}/${folder}`, { recursive: true });
    copyFileSync("/bin/busybox", `${place}/image/bin/busybox`);
    copyFileSync("/guest/mark", `${place}/image/mark`);
    mkdirSync(group, { recursive: true });
    const script = [
      `cd ${place}; mount -t overlay overlay -o lowerdir=image,upperdir=up,workdir=work merged; cd merged`,
      `mount -t proc proc proc; echo $$ > ${group}/cgroup.procs`,
      `exec chroot . /bin/busybox sh -c 'while read -r line; do eval "$line"; echo $?; done'`,
    ].join("\n");
    this.#shell = spawn("/bin/busybox", ["sh", "-ec", script]);
    this.#shell.stderr.pipe(process.stderr);
    this.#answers = createInterface({ input: this.#shell.stdout })[Symbol.asyncIterator]();
  }

  static async start(): Promise<Container> {
    const file = `/run/containerd/io.containerd.runtime.v2.task/k8s.io/${id}/config.json`;
    mkdirSync(dirname(file), { recursive: true });
    const annotations = {
      "io.kubernetes.cri.container-name": "web",
      "io.kubernetes.cri.sandbox-name": "web-0",
      "io.kubernetes.cri.sandbox-namespace": "shop",
    };
    writeFileSync(file, JSON.stringify({ process: {}, annotations, root: { path: `${place}/merged` }, linux: {} }));
    mkdirSync(dirname(permitFile), { recursive: true, mode: 0o755 });
    writeFileSync(permitFile, JSON.stringify({ blocking: "on", permit: [{ namespaces: ["shop"] }] }), { mode: 0o644 });
    const container = new Container();
    assert.equal(
      await container.sh("cp mark brought; printf '#!/bin/busybox sh\\n: > $1\\n' > script; chmod 755 script"),
      0,
    );
    return container;
  }

  /** The exit status. */
  async sh(command: string): Promise<number> {
    this.#shell.stdin.write(`${command}\n`);
    return Number((await this.#answers.next()).value);
  }

  /** The exit status, and whether the program got as far as to its act. */
  async run(program: string, mark: string, ...more: string[]): Promise<{ status: number; acted: boolean }> {
    const status = await this.sh([program, mark, ...more].join(" "));
    return { status, acted: existsSync(join(place, "up", mark)) };
  }
}

let container: Container | undefined;

/** The container, with that policy in force in it. */
async function under(watch: GuestWatch, policy: DriftPolicy): Promise<Container> {
  container ??= await Container.start();
  await watch.want({ drift: policy });
  const trials = policy === tries ? 1 : 0;
  await watch.told("the container is blocked, or on trial", (report) => {
    const { blocking } = report;
    return blocking?.state === "on" && blocking.containers === 1 - trials && blocking.trials === trials;
  });
  return container;
}

async function execOf(watch: GuestWatch, program: string, mark: string): Promise<EventOf<"process">> {
  return await watch.first("process", "exec", ({ argv }) => argv?.[0] === program && argv[1] === mark);
}

/** How a program that is blocked ends, for the shell that started it; and what its event says of that. */
const refused = { says: /Operation not permitted/, isKilled: false, error: -1 };
const killed = { says: /^(Killed)?\s*$/, isKilled: true, error: null };
const blocked = hasBpfLsm() ? refused : killed;

export const blockingChecks: readonly Check[] = [
  {
    name: "a brought program that is blocked: who starts it is told, nothing of it runs, its event says so",
    async run(watch) {
      const inside = await under(watch, blocks);
      if (!knowsOverlay) {
        assert.deepEqual(await inside.run("/brought", "/early"), { status: 0, acted: true });
        return;
      }
      const { status, acted } = await inside.run("/brought", "/never", "2>/complaint");
      assert.deepEqual({ acted, isKilled: status === 137 }, { acted: false, isKilled: blocked.isKilled });
      assert.match(readFileSync(join(place, "up/complaint"), "utf8"), blocked.says);
      const event = await execOf(watch, "/brought", "/never");
      const { exec_verdict, error, exe_origin, name, filename } = event;
      const told = { exec_verdict: "blocked", error: blocked.error, exe_origin: "upper", name: "brought" };
      assert.deepEqual({ exec_verdict, error, exe_origin, name, filename }, { ...told, filename: "/brought" });
      const { exe_path } = await watch.gone(event.pid ?? 0);
      assert.equal(exe_path?.endsWith("/brought"), blocked === killed, `afterwards it was ${exe_path}`);
    },
  },
  {
    name: "a brought program in memory that is blocked",
    async run(watch) {
      const inside = await under(watch, blocks);
      // The one of the image makes it, and is told of the refusal.
      const { acted } = await inside.run("/mark", "/never-in-memory", "memory");
      assert.equal(acted, false);
      const isIt = ({ argv, exe_memfd }: EventOf<"process">) => exe_memfd === true && argv?.[1] === "/never-in-memory";
      const { exec_verdict, error } = await watch.first("process", "exec", isIt);
      assert.deepEqual({ exec_verdict, error }, { exec_verdict: "blocked", error: blocked.error });
    },
  },
  {
    name: "where brought programs are blocked, one of the image runs, and a script that one of the image reads",
    async run(watch) {
      const inside = await under(watch, blocks);
      assert.deepEqual(await inside.run("/mark", "/by-the-image"), { status: 0, acted: true });
      assert.equal((await execOf(watch, "/mark", "/by-the-image")).exec_verdict, null);
      assert.deepEqual(await inside.run("/script", "/by-a-script"), { status: 0, acted: true });
    },
  },
  {
    name: "a brought program on trial runs, and its event says what would have been",
    async run(watch) {
      const inside = await under(watch, tries);
      assert.deepEqual(await inside.run("/mark", "/tried", "memory"), { status: 0, acted: true });
      const isIt = ({ argv, exe_memfd }: EventOf<"process">) => exe_memfd === true && argv?.[1] === "/tried";
      const { exec_verdict, error } = await watch.first("process", "exec", isIt);
      assert.deepEqual({ exec_verdict, error }, { exec_verdict: "would_block", error: null });
    },
  },
  {
    name: "where the collector does not renew the block, brought programs run again",
    async run(watch) {
      const inside = await under(watch, blocks);
      watch.signal("SIGSTOP");
      try {
        const end = performance.now() + leaseMsMax;
        for (let i = 0; ; i++) {
          if ((await inside.run("/mark", `/again-${i}`, "memory")).acted) break;
          assert.ok(performance.now() < end, `still blocked after ${leaseMsMax} ms`);
          await pause(250);
        }
      } finally {
        watch.signal("SIGCONT");
      }
      await watch.want({});
    },
  },
];
