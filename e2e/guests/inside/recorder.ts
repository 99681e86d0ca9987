// The flight recorder in a container whose namespace its policy names: what no rule asks for arrives at the recorder, and there alone.
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdirSync, writeFileSync } from "node:fs";
import { dirname } from "node:path";
import type { Check } from "./check.ts";
import { acts, type GuestWatch, runProgram } from "./guest-watch.ts";

const id = "6".repeat(64);
const pod = "/sys/fs/cgroup/kubepods/besteffort/pod0f5a3c1e-6c1b-4c0e-9d55-0123456789ad";
const group = `${pod}/${id}`;
const elsewhere = "/sys/fs/cgroup/not-recorded";
const policy = { scopes: [{ name: "flights", namespaces: ["flights"] }] };

/** Lays what a runtime leaves of the container, and keeps a process in its control group; gives what ends that. */
function startContainer(): () => Promise<unknown> {
  const file = `/run/containerd/io.containerd.runtime.v2.task/k8s.io/${id}/config.json`;
  const annotations = {
    "io.kubernetes.cri.container-name": "box",
    "io.kubernetes.cri.sandbox-name": "box-0",
    "io.kubernetes.cri.sandbox-namespace": "flights",
  };
  for (const folder of [dirname(file), group, elsewhere]) mkdirSync(folder, { recursive: true });
  writeFileSync(file, JSON.stringify({ process: {}, annotations, linux: {} }));
  const child = spawn("/bin/sh", ["-c", `echo $$ > ${group}/cgroup.procs; /bin/true; read -r line`]);
  const closed = once(child, "close");
  return () => {
    child.stdin.end();
    return closed;
  };
}

/** Opens a file for writing that nobody watches, by a process of that control group; gives its pid. */
async function openIn(watch: GuestWatch, folder: string, path: string): Promise<number> {
  const command = `echo $$ > ${folder}/cgroup.procs; exec ${acts} opens openat2 1 ${path}`;
  const { pid, status, stderr } = runProgram("/bin/sh", ["-c", command]);
  assert.equal(status, 0, stderr);
  await watch.gone(pid);
  return pid;
}

export const recorderChecks: readonly Check[] = [
  {
    name: "an open for writing that no rule asks for, in a recorded container: it arrives at the recorder alone",
    needs: ["exit_openat2"],
    async run(watch) {
      const end = startContainer();
      try {
        await watch.want({ recorder: policy });
        await watch.told("one recorded container", (report) => report.recorded_containers === 1);
        mkdirSync("/tmp/flights");
        const other = await openIn(watch, elsewhere, "/tmp/flights/other");
        const pid = await openIn(watch, group, "/tmp/flights/file");
        const open = await watch.recorded("file", "open", (event) => event.pid === pid && event.path !== null);
        assert.deepEqual([open.path, open.container_id], ["/tmp/flights/file", id]);
        const isOne = (path: string | null) => path?.startsWith("/tmp/flights/") === true;
        const asked = watch.all((event) => event.class === "file" && isOne(event.path));
        assert.deepEqual(asked, [], "no rule asks for it");
        const ofOther = watch.allRecorded((event) => "pid" in event && event.pid === other);
        assert.deepEqual(ofOther, [], "nobody records the other group");
      } finally {
        await watch.want({});
        await end();
      }
    },
  },
];
