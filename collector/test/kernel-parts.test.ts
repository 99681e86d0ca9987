import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { emptyFilterPlan, Fault } from "@atalaya/wire";
import { sightsOf } from "../src/heartbeat.ts";
import type { Addon } from "../src/kernel/addon.ts";
import { cgroupRoot } from "../src/kernel/cgroup-root.ts";
import { FilterMaps } from "../src/kernel/filter-maps.ts";
import { ipText } from "../src/kernel/ip-text.ts";
import { openKernel } from "../src/kernel/open-kernel.ts";
import { procSnapshot } from "../src/kernel/proc-snapshot.ts";
import { reasonFrom } from "../src/kernel/reason.ts";

const ipv6 = (hex: string): string => ipText(Buffer.from(hex.replaceAll(" ", ""), "hex"), 0, 6);

test("addresses are written as RFC 5952 says", () => {
  assert.equal(ipText(Buffer.from([169, 254, 169, 254]), 0, 4), "169.254.169.254");
  assert.equal(ipText(Buffer.alloc(4), 0, 4), "");
  assert.equal(ipv6("2001 0db8 0000 0000 0001 0000 0000 0001"), "2001:db8::1:0:0:1");
  assert.equal(ipv6("2001 0db8 0000 0001 0001 0001 0001 0001"), "2001:db8:0:1:1:1:1:1");
  assert.equal(ipv6("0000 0000 0000 0000 0000 0000 0000 0001"), "::1");
  assert.equal(ipv6("fe80 0000 0000 0000 0000 0000 0000 0000"), "fe80::");
  assert.equal(ipv6("0000 0000 0000 0000 0000 0000 0000 0000"), "");
});

test("an IPv4 address inside an IPv6 one is written as IPv4", () => {
  assert.equal(ipv6("0000 0000 0000 0000 0000 ffff 0a00 0001"), "10.0.0.1");
});

test("the cgroup v2 root is found on pure v2, on a hybrid machine, and not where there is none", () => {
  const pure = "30 23 0:26 / /sys/fs/cgroup rw,nosuid shared:4 - cgroup2 cgroup2 rw,nsdelegate\n";
  const v1 = "31 23 0:27 / /sys/fs/cgroup/memory rw - cgroup cgroup rw,memory\n";
  const hybrid = `${v1}32 23 0:28 / /sys/fs/cgroup/unified rw - cgroup2 cgroup2 rw\n`;
  assert.equal(cgroupRoot(pure), "/sys/fs/cgroup");
  assert.equal(cgroupRoot(hybrid), "/sys/fs/cgroup/unified");
  assert.equal(cgroupRoot(v1), undefined);
});

test("a reason keeps the error and the verifier's last words, and fits", () => {
  const log = ["from 1 to 2: safe", ...Array.from({ length: 500 }, () => "x".repeat(50)), "R1 invalid mem access"];
  const reason = reasonFrom(`EACCES\n${log.join("\n")}\nprocessed 12 insns (limit 1000000)\n`);
  assert.ok(reason.startsWith("EACCES; "));
  assert.ok(reason.endsWith("R1 invalid mem access"));
  const long = reasonFrom(`EPERM\n${"y".repeat(5_000)}end`);
  assert.ok(long.length <= 1_024 && long.startsWith("EPERM; …") && long.endsWith("end"));
});

test("without a built addon the fault names the file", () => {
  const folder = mkdtempSync(join(tmpdir(), "atalaya-empty-"));
  try {
    openKernel({ objectFolder: folder });
    assert.fail("it opened");
  } catch (error) {
    assert.ok(error instanceof Fault);
    assert.equal(error.code, "SENSOR_UNAVAILABLE");
    assert.equal(error.facts["file"], join(folder, "addon.node"));
  } finally {
    rmSync(folder, { recursive: true });
  }
});

/** Maps in memory, and the order in which they were written. */
function mapsInMemory() {
  const maps = new Map<string, Map<string, string>>();
  const writes: string[] = [];
  const keysOf = (keys: Buffer, size: number) =>
    Array.from({ length: keys.length / size }, (_, index) => keys.subarray(index * size, (index + 1) * size));
  const keySizes: Record<string, number> = { names: 64, prefixes: 132, domains: 68, settings: 4, ignored: 4 };
  const of = (name: string) => maps.get(name) ?? maps.set(name, new Map()).get(name) ?? new Map<string, string>();
  const addon: Pick<Addon, "mapUpdate" | "mapDelete"> = {
    mapUpdate(name, keys, values) {
      writes.push(`update ${name}`);
      const list = keysOf(keys, keySizes[name] ?? 4);
      const valueSize = values.length / list.length;
      list.forEach((key, index) => {
        of(name).set(key.toString("hex"), values.subarray(index * valueSize, (index + 1) * valueSize).toString("hex"));
      });
      return list.length;
    },
    mapDelete(name, keys) {
      writes.push(`delete ${name}`);
      const list = keysOf(keys, keySizes[name] ?? 4);
      for (const key of list) of(name).delete(key.toString("hex"));
      return list.length;
    },
  };
  return { addon: addon as Addon, of, writes };
}

test("a new plan lets the new names through before it drops the old ones", () => {
  const { addon, of, writes } = mapsInMemory();
  const filters = new FilterMaps(addon);
  filters.set({
    ...emptyFilterPlan,
    open_names: ["shadow"],
    exec_names: ["shadow", "xmrig"],
    write_prefixes: ["/etc/"],
  });
  assert.deepEqual([...of("names").values()], ["03000000", "02000000"]);
  assert.equal(of("prefixes").size, 1);
  const [settings = ""] = of("settings").values();
  const bits = Buffer.from(settings, "hex");
  assert.deepEqual([bits[0], bits[32], bits[64]], [1 << 6, (1 << 6) | (1 << 5), 1]);
  writes.length = 0;
  filters.set({ ...emptyFilterPlan, open_names: ["passwd"] });
  assert.deepEqual(writes, ["update names", "update settings", "update settings", "delete names", "delete prefixes"]);
  assert.equal(of("names").size, 1);
  assert.equal(of("prefixes").size, 0);
});

test("a domain is watched backwards, in small letters, and a long one by its end", () => {
  const { addon, of, writes } = mapsInMemory();
  const filters = new FilterMaps(addon);
  const long = `${"a".repeat(63)}.example`;
  filters.set({ ...emptyFilterPlan, dns_domains: ["Bad.Example", ".", long] });
  const keys = [...of("domains").keys()].map((hex) => Buffer.from(hex, "hex"));
  assert.deepEqual(
    keys.map((key) => [key.readUInt32LE(0) / 8, key.subarray(4).toString("latin1").replaceAll("\0", "")]),
    [
      [12, "elpmaxe.dab."],
      [0, ""],
      [64, `elpmaxe.${"a".repeat(56)}`],
    ],
  );
  writes.length = 0;
  filters.set({ ...emptyFilterPlan, dns_domains: ["bad.example"] });
  assert.deepEqual(writes, ["update domains", "update settings", "update settings", "delete domains"]);
  assert.equal(of("domains").size, 1);
});

test("a name in two bytes a letter is measured in bytes", () => {
  const { addon, of } = mapsInMemory();
  new FilterMaps(addon).set({ ...emptyFilterPlan, open_names: ["ñ"] });
  const [key = ""] = of("names").keys();
  assert.equal(Buffer.from(key, "hex").readUInt32LE(0), 2);
});

test("/proc alone gives this process too", () => {
  const own = procSnapshot().find((record) => record.task.pid === process.pid);
  assert.ok(own?.kind === "snapshot");
  assert.equal(own.argv[0], process.argv0);
  assert.equal(own.task.ppid, process.ppid);
});

test("the heartbeat wants its open seen wherever the program for it hangs, at the call's exit or at its function", () => {
  const at = (...names: string[]) =>
    sightsOf(
      names.map((name) => ({ name, loaded: true, attached: true })),
      true,
    );
  for (const name of ["exit_openat", "exit_openat_slow", "exit_openat_fexit", "exit_openat_slow_fexit"])
    assert.deepEqual(at("process_exec", name), ["exec", "open"], name);
  assert.deepEqual(at("process_exec", "exit_open"), ["exec"]);
});
