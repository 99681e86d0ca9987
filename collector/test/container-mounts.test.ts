import assert from "node:assert/strict";
import { test } from "node:test";
import { mountsOf } from "../src/container-mounts.ts";
import { collectorLimits } from "../src/limits.ts";

const bind = (source: string, destination: string, ...options: string[]) => ({
  ...{ source, destination, type: "bind" },
  options: ["rbind", ...options],
});

test("what a container has of its host is told, and nothing of what its runtime makes anew", () => {
  const mounts = [
    { destination: "/proc", type: "proc", source: "proc", options: ["nosuid"] },
    bind("/", "/host", "ro", "rslave"),
    { destination: "/dev/shm", type: "tmpfs", source: "shm" },
    { destination: "/etc/hosts", type: "none", source: "/var/lib/hosts", options: ["bind", "rw", "rprivate"] },
    { destination: "/plain", type: "bind", source: "/srv" },
  ];
  assert.deepEqual(mountsOf({ mounts }), [
    ...["/", "/host", "ro,rslave"],
    ...["/var/lib/hosts", "/etc/hosts", "rw,rprivate"],
    ...["/srv", "/plain", "rw"],
  ]);
});

test("of a config without mounts nothing is known, of one with none that there are none", () => {
  for (const config of [undefined, {}, { mounts: "x" }]) assert.equal(mountsOf(config), null);
  assert.deepEqual(mountsOf({ mounts: [] }), []);
});

test("strange entries are left out, and do no harm", () => {
  const strange = [
    null,
    7,
    {},
    { type: "bind" },
    { ...bind("/a", "/b"), source: 7 },
    { ...bind("/a", "/b"), options: 7 },
  ];
  assert.deepEqual(mountsOf({ mounts: strange }), ["/a", "/b", "rw"]);
  const odd = mountsOf({ mounts: [bind("/a\u202e\n", "/b", "rprivate")] });
  assert.deepEqual(odd, ["/a\ufffd\ufffd", "/b", "rw,rprivate"]);
});

test("a short path is not hidden behind many long ones, and it is said that there were more", () => {
  const long = Array.from({ length: 300 }, (_, i) => bind(`/var/lib/kubelet/pods/${"0".repeat(100)}/${i}`, `/v/${i}`));
  const told = mountsOf({ mounts: [...long, bind("/etc", "/host/etc")] }) ?? [];
  assert.ok(told.includes("/etc"));
  assert.equal(told.at(-1), "…");
  assert.ok(told.length <= collectorLimits.mountsMax * 3 + 1);
  assert.ok(told.join("").length <= collectorLimits.mountsLengthMax + 1);
});

test("a path without end is cut", () => {
  const [source] = mountsOf({ mounts: [bind(`/${"x".repeat(5_000)}`, "/b")] }) ?? [];
  assert.equal(source?.length, collectorLimits.mountPathMax);
  assert.ok(source?.endsWith("…"));
});
