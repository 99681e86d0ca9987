import assert from "node:assert/strict";
import { test } from "node:test";
import type { AtalayaEvent } from "@atalaya/wire";
import { firedBy, firing } from "./fired-rules.ts";

// Programs that a rule leaves out go by their files: a process of any program gives itself any name (PR_SET_NAME).

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
