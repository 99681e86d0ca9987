// Containers as the unified hierarchy shows them: control groups shaped as runtimes and kubelet make them, and the files that
// runtimes leave. What runs in them is a real process that moves itself there.
import assert from "node:assert/strict";
import { mkdirSync, writeFileSync } from "node:fs";
import { dirname } from "node:path";
import type { Check } from "./check.ts";
import { type EventOf, type GuestWatch, runProgram } from "./guest-watch.ts";

const root = "/sys/fs/cgroup";
const uid = "0f5a3c1e-6c1b-4c0e-9d55-0123456789ab";
const id = (digit: string) => digit.repeat(64);
const slicedUid = uid.replaceAll("-", "_");
const podSlice = `kubepods.slice/kubepods-burstable.slice/kubepods-burstable-pod${slicedUid}.slice`;

type Shape = { name: string; group: string; id: string; runtime: string | null; podUid: string | null };

const shapes: readonly Shape[] = [
  {
    name: "CRI-O under systemd",
    group: `${podSlice}/crio-${id("b")}.scope`,
    id: id("b"),
    runtime: "cri-o",
    podUid: uid,
  },
  {
    name: "Podman under systemd",
    group: `machine.slice/libpod-${id("c")}.scope`,
    id: id("c"),
    runtime: "podman",
    podUid: null,
  },
  {
    name: "Docker under systemd",
    group: `system.slice/docker-${id("d")}.scope`,
    id: id("d"),
    runtime: "docker",
    podUid: null,
  },
  {
    name: "kubelet with the cgroupfs driver",
    group: `kubepods/besteffort/pod${uid}/${id("e")}`,
    id: id("e"),
    runtime: null,
    podUid: uid,
  },
  {
    name: "containerd under systemd, of a pod with guaranteed resources",
    group: `kubepods.slice/kubepods-pod${slicedUid}.slice/cri-containerd-${id("1")}.scope`,
    id: id("1"),
    runtime: "containerd",
    podUid: uid,
  },
  {
    name: "containerd under systemd, of a cluster in a container (kind)",
    group: `kubelet.slice/kubelet-kubepods.slice/kubelet-kubepods-pod${slicedUid}.slice/cri-containerd-${id("2")}.scope`,
    id: id("2"),
    runtime: "containerd",
    podUid: uid,
  },
  {
    name: "containerd with systemd's names and the cgroupfs driver",
    group: `system.slice/kubepods-burstable-pod${slicedUid}.slice:cri-containerd:${id("3")}`,
    id: id("3"),
    runtime: "containerd",
    podUid: uid,
  },
  {
    name: "Podman of a user, who is not root",
    group: `user.slice/user-1000.slice/user@1000.service/user.slice/libpod-${id("4")}.scope/container`,
    id: id("4"),
    runtime: "podman",
    podUid: null,
  },
  {
    name: "Docker with the cgroupfs driver",
    group: `docker/${id("5")}`,
    id: id("5"),
    runtime: "docker",
    podUid: null,
  },
];

/** What runs beside containers, or is named like them. */
const ofTheHost: readonly [what: string, group: string][] = [
  ["a service of systemd's", "system.slice/ssh.service"],
  ["Podman's monitor of a container", `machine.slice/libpod-conmon-${id("6")}.scope`],
  ["who is signed in", "user.slice/user-1000.slice/session-3.scope"],
];

/** A program in the group; gives its event. */
async function runIn(watch: GuestWatch, group: string): Promise<EventOf<"process">> {
  mkdirSync(`${root}/${group}`, { recursive: true });
  const script = `echo $$ > ${root}/${group}/cgroup.procs; exec /bin/true`;
  const { pid, status, stderr } = runProgram("/bin/sh", ["-c", script]);
  assert.equal(status, 0, stderr);
  return await watch.first("process", "exec", (event) => event.pid === pid && event.name === "true");
}

/** What containerd leaves of a container of the kubelet's. */
function leaveBundle(container: string): void {
  const file = `/run/containerd/io.containerd.runtime.v2.task/k8s.io/${container}/config.json`;
  mkdirSync(dirname(file), { recursive: true });
  const annotations = {
    "io.kubernetes.cri.container-type": "container",
    "io.kubernetes.cri.container-name": "web",
    "io.kubernetes.cri.image-name": "registry/web:1",
    "io.kubernetes.cri.sandbox-name": "web-0",
    "io.kubernetes.cri.sandbox-namespace": "shop",
    "io.kubernetes.cri.sandbox-uid": uid,
  };
  writeFileSync(file, JSON.stringify({ process: {}, annotations, linux: {} }));
}

export const attributionChecks: readonly Check[] = [
  {
    name: "container of containerd under systemd: id, pod, namespace, image; made below it, nothing changes",
    needs: ["cgroup_made"],
    async run(watch) {
      leaveBundle(id("a"));
      const group = `${podSlice}/cri-containerd-${id("a")}.scope`;
      const exec = await runIn(watch, group);
      assert.deepEqual([exec.container_id, exec.container_runtime, exec.k8s_pod_uid], [id("a"), "containerd", uid]);
      const named = [exec.container_name, exec.container_image, exec.k8s_namespace, exec.k8s_pod];
      assert.deepEqual(named, ["web", "registry/web:1", "shop", "web-0"], `${exec.container_reason}`);
      const below = await runIn(watch, `${group}/docker-${id("f")}.scope`);
      assert.deepEqual([below.container_id, below.container_runtime], [id("a"), "containerd"]);
    },
  },
  {
    name: "a control group elsewhere that bears a container's id is not that container's",
    needs: ["cgroup_made"],
    async run(watch) {
      const exec = await runIn(watch, `system.slice/docker-${id("a")}.scope`);
      assert.equal(exec.container_id, null);
      assert.ok(exec.container_reason, "no reason is given");
    },
  },
  ...shapes.map(
    (shape): Check => ({
      name: `container of ${shape.name}: id and runtime, and why the rest is not known`,
      needs: ["cgroup_made"],
      async run(watch) {
        const exec = await runIn(watch, shape.group);
        const found = [exec.container_id, exec.container_runtime, exec.k8s_pod_uid];
        assert.deepEqual(found, [shape.id, shape.runtime, shape.podUid]);
        assert.ok(exec.container_reason, "no reason is given");
      },
    }),
  ),
  {
    name: "a container's process that moves to another control group is still the container's, and is told",
    needs: ["cgroup_made", "cgroup_moved"],
    async run(watch) {
      const group = `${podSlice}/cri-containerd-${id("a")}.scope`;
      for (const one of [group, "away"]) mkdirSync(`${root}/${one}`, { recursive: true });
      const [enter, leave] = [group, "away"].map((one) => `echo $$ > ${root}/${one}/cgroup.procs`);
      // In the container it runs a program, by which it is known to be there.
      const script = `${enter}; exec /bin/sh -c '${leave}; exec /bin/true'`;
      const { pid, status, stderr } = runProgram("/bin/sh", ["-c", script]);
      assert.equal(status, 0, stderr);
      const isIt = (event: EventOf<"process">) => event.pid === pid && event.cgroup_path === "/away";
      const moved = await watch.first("process", "cgroup_move", isIt);
      assert.deepEqual([moved.container_id, moved.left_container, moved.mover_pid], [id("a"), true, pid]);
    },
  },
  ...ofTheHost.map(
    ([what, group]): Check => ({
      name: `${what} is the host's`,
      needs: ["cgroup_made"],
      async run(watch) {
        const one = await runIn(watch, group);
        assert.deepEqual([one.container_id, one.container_runtime], ["host", null]);
      },
    }),
  ),
];
