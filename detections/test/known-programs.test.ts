import assert from "node:assert/strict";
import { test } from "node:test";
import type { AtalayaEvent } from "@atalaya/wire";
import { firedBy, firing } from "./fired-rules.ts";

// Programs that a rule leaves out go by their files: a process of any program gives itself any name (PR_SET_NAME), or is started by
// a link of that name.

for (const [rule, name, file] of [
  ["BPF Program Loaded by a Container", "bpftool", "/usr/sbin/bpftool"],
  ["BPF Program Loaded by a Container", "otel-ebpf-profi", "/otel-ebpf-profiler"],
  ["Process Injection in a Container", "strace", "/usr/bin/strace"],
  ["Process Injection in a Container", "systemd-coredum", "/usr/lib/systemd/systemd-coredump"],
  ["Kernel Exploit Aid in a Container", "cadvisor", "/usr/bin/cadvisor"],
  ["Kernel Exploit Aid in a Container", "criu", "/usr/sbin/criu"],
  ["Stalling Device Opened in a Container", "criu", "/usr/sbin/criu"],
  ["Stalling Device Opened in a Container", "gcsfuse", "/usr/local/bin/gcsfuse"],
  ["Sensor Objects Opened by Another", "bpftool", "/usr/sbin/bpftool"],
  ["Container Runtime Socket Access", "kubelet", "/usr/bin/kubelet"],
  ["Container Runtime Socket Access", "k3s-server", "/bin/k3s"],
  ["Packet Socket in a Container", "systemd-network", "/usr/lib/systemd/systemd-networkd"],
  ["Packet Socket in a Container", "keepalived", "/usr/sbin/keepalived"],
  ["Service Account Token Access", "kubectl", "/usr/local/bin/kubectl"],
  ["Cloud Metadata Access", "cluster-autosca", "/cluster-autoscaler"],
  ["Cloud Metadata Access", "cilium-operator", "/usr/bin/cilium-operator-aws"],
] as const) {
  const quietFor = (given: Partial<AtalayaEvent>): boolean =>
    firing(rule).some((event) => !firedBy({ ...event, ...given } as AtalayaEvent).includes(rule));
  test(`${rule} leaves out ${file} of the image, not what calls itself so, nor such a file that was brought`, () => {
    assert.ok(firing(rule).length > 0);
    assert.ok(!quietFor({ name }));
    assert.ok(quietFor({ exe_path: file, exe_origin: "image" }));
    assert.ok(!quietFor({ exe_path: `/tmp/${name}`, exe_upper_layer: true, exe_origin: "upper" }));
    assert.ok(!quietFor({ exe_path: file, exe_origin: "volume" }));
  });
}

for (const [rule, name, file, other] of [
  ["Packet Socket in a Container", "udhcpc", "/bin/busybox", "/usr/bin/perl"],
  ["Cloud Metadata Access", "cloud-init", "/usr/bin/python3.11", "/usr/bin/curl"],
  ["Cloud Metadata Access", "waagent", "/usr/bin/python3", "/usr/bin/curl"],
] as const) {
  test(`${rule} leaves out ${file} by the name of ${name}, not ${other}, nor ${file} by another name`, () => {
    const given = { name, exe_path: file, exe_origin: "image" } as const;
    const events = firing(rule);
    const fired = (more: Partial<AtalayaEvent>): number =>
      events.filter((event) => firedBy({ ...event, ...given, ...more } as AtalayaEvent).includes(rule)).length;
    assert.ok(events.length > 0);
    assert.deepEqual([{}, { exe_path: other }, { name: "probe" }, { exe_origin: "volume" } as const].map(fired), [
      0,
      events.length,
      events.length,
      events.length,
    ]);
  });
}

for (const rule of ["Sensitive File Access", "Sensitive File Under Another Name"]) {
  test(`${rule} leaves out owners by name, even as busybox, but no tool that reads files`, () => {
    const events = firing(rule);
    const fired = (name: string, exe_path: string): number =>
      events.filter((event) => firedBy({ ...event, name, exe_path } as AtalayaEvent).includes(rule)).length;
    assert.ok(events.length > 0);
    assert.deepEqual(
      [fired("sshd", "/usr/sbin/sshd"), fired("adduser", "/bin/busybox"), fired("npm", "/bin/dash")],
      [0, 0, 0],
    );
    assert.deepEqual([fired("sshd", "/usr/bin/cat"), fired("passwd", "/usr/bin/ln")], [events.length, events.length]);
  });
}

for (const [exe_path, isQuiet] of [
  ["/usr/lib/systemd/systemd-shutdown", true],
  ["/usr/bin/docker-containerd", true],
  ["/usr/bin/docker-containerd-shim", true],
  ["/usr/bin/containerd-shim-runc-v2", true],
  ["/usr/bin/perl", false],
] as const) {
  test(`Signal To The Sensor ${isQuiet ? "leaves out" : "tells of"} ${exe_path} on the host`, () => {
    const events = firing("Signal To The Sensor");
    assert.ok(events.length > 0);
    for (const event of events) {
      const onHost = { ...event, container_id: "host", exe_path } as AtalayaEvent;
      assert.equal(firedBy(onHost).includes("Signal To The Sensor"), !isQuiet);
      assert.ok(firedBy({ ...event, exe_path } as AtalayaEvent).includes("Signal To The Sensor"));
    }
  });
}
