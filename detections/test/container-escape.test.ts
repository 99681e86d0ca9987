import assert from "node:assert/strict";
import { describe, test } from "node:test";
import type { AtalayaEvent } from "@atalaya/wire";
import { firedBy, firing } from "./fired-rules.ts";

const rules = [
  "Process Left Its Container",
  "Mount in a Container",
  "Namespace Entered from a Container",
  "User Namespace Created in a Container",
];

const asRuncWould = { name: "runc", argv: ["x", "init"], ancestor_names: ["runc"], exe_origin: "image" };
const copyOfRunc = { exe_path: "/memfd:runc_cloned:/proc/self/exe", exe_memfd: true, exe_origin: "memory" };

for (const rule of rules) {
  describe(rule, () => {
    for (const [what, given, fires] of [
      ["where it calls itself systemd", { name: "systemd" }, true],
      ["where it calls itself a runtime", { name: "runc" }, true],
      ["where what started it calls itself dockerd", { ancestor_names: ["dockerd"] }, true],
      ["where what started it is a file of that name", { ancestor_exe_paths: ["/tmp/dockerd"] }, true],
      ["for a runtime of the image", { name: "runc", exe_path: "/usr/sbin/runc" }, false],
      ["for a runtime of the image under another name", { name: "exe", exe_path: "/usr/bin/dockerd" }, false],
      ["for a runtime that was brought", { name: "runc", exe_path: "/tmp/runc", exe_upper_layer: true }, true],
      ["for one on a volume", { ...asRuncWould, exe_path: "/vol/runc", exe_origin: "volume" }, true],
      ["where it calls itself and its parent a runtime, and says what runc says", asRuncWould, true],
      ["where it runs from memory besides, under the name of runc's copy", { ...asRuncWould, ...copyOfRunc }, true],
      ["for the runtime that was started outside", { ...asRuncWould, ...copyOfRunc, started_outside: true }, false],
      ["for a runtime of the image that mounted its own file", { ...asRuncWould, exe_path: "/runc" }, false],
      ["for any shim of containerd", { exe_path: "/opt/kata/bin/containerd-shim-kata-v2" }, false],
      ["for k3s", { name: "k3s-server", exe_path: "/bin/k3s" }, false],
    ] as const) {
      test(`${fires ? "fires" : "is quiet"} ${what}`, () => {
        const events = firing(rule);
        assert.ok(events.length > 0);
        for (const event of events) assert.equal(firedBy({ ...event, ...given } as AtalayaEvent).includes(rule), fires);
      });
    }
  });
}

for (const rule of rules) {
  // An earlier sensor told of process events where the program is from, as this one does, and no more of the runtime.
  test(`${rule} leaves the runtime out as an earlier sensor told it, but for process events`, () => {
    for (const event of firing(rule)) {
      const isProcess = event.class === "process";
      const earlier = { ...asRuncWould, ...copyOfRunc, exe_origin: isProcess ? "memory" : null, started_outside: null };
      assert.equal(firedBy({ ...event, ...earlier } as AtalayaEvent).includes(rule), isProcess);
    }
  });
}

for (const exe_path of ["/usr/bin/cilium-agent", "/usr/bin/slirp4netns", "/usr/bin/pasta.avx2", "/bin/fusermount3"]) {
  test(`${exe_path} works with namespaces, and not with control groups`, () => {
    for (const [at, rule] of rules.entries())
      for (const event of firing(rule))
        assert.equal(firedBy({ ...event, exe_path } as AtalayaEvent).includes(rule), at === 0);
  });
}
