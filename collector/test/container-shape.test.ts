import assert from "node:assert/strict";
import { describe, test } from "node:test";
import fc from "fast-check";
import { containerOfPath, idCandidates } from "../src/container-shape.ts";

const id = "0f".repeat(32);
const inner = "ab".repeat(32);
const uid = "3b0b1d2e-0a4f-4c8e-9d57-6a1f0c2b3d4e";
const uid_ = uid.replaceAll("-", "_");

/** path, container id, runtime, pod uid */
const shapes: [string, string, string | null, string | null][] = [
  [`/kubepods/pod${uid}/${id}`, id, null, uid],
  [`/kubepods/burstable/pod${uid}/${id}`, id, null, uid],
  [`/kubepods/besteffort/pod${uid}/${id}/nested/deep`, id, null, uid],
  [
    `/kubepods.slice/kubepods-burstable.slice/kubepods-burstable-pod${uid_}.slice/cri-containerd-${id}.scope`,
    id,
    "containerd",
    uid,
  ],
  [`/kubepods.slice/kubepods-pod${uid_}.slice/crio-${id}.scope/container`, id, "cri-o", uid],
  [
    `/kubelet.slice/kubelet-kubepods.slice/kubelet-kubepods-pod${uid_}.slice/cri-containerd-${id}.scope`,
    id,
    "containerd",
    uid,
  ],
  [`/system.slice/kubepods-burstable-pod${uid_}.slice:cri-containerd:${id}`, id, "containerd", uid],
  [`/kubepods-besteffort-pod${uid_}.slice:cri-containerd:${id}`, id, "containerd", uid],
  [`/system.slice:cri-containerd:${id}`, id, "containerd", null],
  [`/docker/${id}`, id, "docker", null],
  [`/system.slice/docker-${id}.scope/init.scope`, id, "docker", null],
  [`/machine.slice/libpod-${id}.scope/container`, id, "podman", null],
  [`/libpod_parent/libpod-${id}`, id, "podman", null],
  [`/system.slice/app.service/libpod-payload-${id}`, id, "podman", null],
  [`/system.slice/libpod-payload-${id}.scope/container`, id, "podman", null],
  [`/kubepods/besteffort/pod${uid}/crio-${id}`, id, "cri-o", uid],
  [`/kubepods/pod${uid}/crio-${id}/kubepods/pod${uid}/${inner}`, id, "cri-o", uid],
  [`/docker/${id}/docker/docker-${inner}.scope`, id, "docker", null],
  ["/user.slice/user-1000.slice/runc-web.scope", "web", "runc", null],
  [`/kubepods/pod${uid}/${id}/docker/${inner}`, id, null, uid],
  [`/kubepods/pod${"0".repeat(32)}/${id}`, id, null, "0".repeat(32)],
];

describe("a cgroup's path", () => {
  for (const [path, containerId, runtime, podUid] of shapes) {
    test(`${path.replaceAll(id, "<id>").replaceAll(inner, "<inner>")} names its container`, () => {
      const own = containerOfPath(path)?.path ?? "";
      assert.deepEqual(containerOfPath(path), { id: containerId, runtime, podUid, path: own });
      assert.ok(own.includes(containerId) && `${path}/`.startsWith(`${own}/`), own);
    });
  }

  for (const path of [
    "/",
    "",
    "/system.slice/ssh.service",
    "/user.slice/user-0.slice/session-1.scope",
    `/machine.slice/libpod-conmon-${id}.scope`,
    `/kubepods.slice/kubepods-pod${uid_}.slice/crio-conmon-${id}.scope`,
    `/kubepods/pod${uid}/crio-conmon-${id}`,
    "/system.slice/app.service/runtime",
    `/kubepods/pod${uid}`,
    `/x/${id.slice(1)}`,
    `/x/${id.toUpperCase()}`,
  ]) {
    test(`${path || "(empty)"} names none`, () => assert.equal(containerOfPath(path), undefined));
  }

  test("no path makes it throw, and what it finds is part of the path", () => {
    fc.assert(
      fc.property(fc.string({ unit: "binary", maxLength: 300 }), (path) => {
        const found = containerOfPath(path);
        assert.ok(found === undefined || path.includes(found.id));
      }),
    );
  });

  test("ids that somebody may have chosen are its plain components", () => {
    const found = idCandidates("/system.slice/x.service/default/web");
    assert.deepEqual(found, [
      { id: "default", path: "/system.slice/x.service/default" },
      { id: "web", path: "/system.slice/x.service/default/web" },
    ]);
    assert.deepEqual(
      idCandidates("/../a/..").map((one) => one.id),
      ["a"],
    );
  });
});
