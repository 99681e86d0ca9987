import assert from "node:assert/strict";
import { test } from "node:test";
import { blankEvent, type KernelEvent } from "@atalaya/wire";
import { letsThrough } from "../index.ts";
import { connect, exec, holds, load, open, ruleText } from "./sample-events.ts";

// Fields of Falco's own rules, as those rules compare them.

const unshare = (over: Partial<KernelEvent>): KernelEvent => ({
  ...blankEvent("kernel"),
  activity: "unshare",
  ...over,
});

test("how long a process had lived is told in nanoseconds, of each of its events, and its parent's", () => {
  const read = { age_us: 5_000_000, start_us: 70_000_000, parent_start_us: 10_000_000 };
  for (const event of [open(read), exec(read)]) {
    assert.ok(holds("proc.duration <= 5000000000", event));
    assert.ok(!holds("proc.duration < 5000000000", event));
    assert.ok(holds("proc.ppid.duration = 65000000000", event));
  }
  assert.ok(!holds("proc.duration exists or proc.ppid.duration exists", open()));
});

test("an open made an executable where the file is new and somebody may execute it", () => {
  const made = (created: boolean | null, mode: number | null) => open({ created, mode });
  for (const [event, expected] of [
    [made(true, 0o755), true],
    [made(true, 0o610), true],
    [made(true, 0o644), false],
    [made(false, null), false],
    [exec(), false],
  ] as const) {
    assert.equal(holds("evt.is_open_exec = true", event), expected);
    assert.equal(holds("evt.is_open_exec = false", event), !expected);
  }
  assert.ok(!holds("evt.type = chmod and evt.is_open_exec = true", open({ activity: "chmod", mode: 0o755 })));
  // Of an earlier sensor's event it is not known.
  assert.ok(!holds("evt.is_open_exec exists", made(true, null)));
});

test("a file without a name that an open made is a file", () => {
  assert.ok(holds("fd.typechar = f and fd.type = file", open({ created: true, mode: 0o755, open_flags: 0o20200002 })));
  assert.ok(holds("fd.typechar = d", open({ open_flags: 0o200000 })));
});

test("the capabilities that a process may take are a list of names, of its start and of its calls", () => {
  const bits = { cap_permitted: 2 ** 21 + 2 ** 39 };
  for (const event of [exec(bits), unshare(bits)]) {
    assert.ok(holds("evt.type in (execve, unshare) and thread.cap_permitted = 'CAP_SYS_ADMIN CAP_BPF'", event));
    assert.ok(holds("evt.type in (execve, unshare) and thread.cap_permitted contains CAP_SYS_ADMIN", event));
    assert.ok(!holds("evt.type in (execve, unshare) and thread.cap_permitted contains CAP_SYS_MODULE", event));
  }
  assert.ok(
    holds("evt.type = unshare and not thread.cap_permitted contains CAP_SYS_ADMIN", unshare({ cap_permitted: 0 })),
  );
  assert.ok(!holds("thread.cap_permitted exists", connect()));
});

test("a process leads its group where the group's number in its namespace is its own", () => {
  assert.ok(holds("proc.is_vpgid_leader = true and proc.vpgid = 57", exec({ ns_pid: 57, ns_pgid: 57 })));
  assert.ok(holds("proc.is_vpgid_leader = false and proc.vpgid = 0", exec({ ns_pid: 57, ns_pgid: 0 })));
  assert.ok(!holds("proc.is_vpgid_leader exists or proc.vpgid exists", exec()));
});

test("a mount of the host is found by its source or number, and a glob's star crosses slashes", () => {
  const own = ["/var/lib/kubelet/pods/0b1d/volumes/token", "/var/run/secrets", "ro,rprivate"];
  const mounted = exec({
    container_mounts: [...own, "/proc/sys", "/host/sys", "rw,rslave", "/dev/pci-0000:00:1f", "/d", "rw"],
  });
  for (const [condition, expected] of [
    // As Falco's own rule puts it.
    ['container.mount.dest[/proc*] != "N/A"', true],
    ['container.mount.dest[/etc] != "N/A"', false],
    ["container.mount.dest[/proc] exists", false],
    ["container.mount.dest[/dev/pci-0000:00:1f] = /d", true],
    ["container.mount.dest[1] = /host/sys", true],
    ["container.mount.dest[3] exists", false],
    ["container.mount.source[/host/*] = /proc/sys", true],
    ["container.mount.rdwr[/proc*] = true and container.mount.rdwr[0] = false", true],
    ["container.mount.propagation[0] = rprivate", true],
    ["container.mount[1] = /proc/sys:/host/sys::true:rslave", true],
    ["container.mount[/etc] = none", true],
    ["container.mounts contains '/proc/sys:/host/sys::true:rslave,/dev/pci'", true],
  ] as const) {
    assert.equal(holds(condition, mounted), expected, condition);
    assert.ok(!holds(condition, exec()), `${condition} where nothing is known`);
  }
  assert.ok(
    holds(
      "container.mount.dest[0] exists and not container.mount.dest[1] exists",
      exec({ container_mounts: [...own, "…"] }),
    ),
  );
});

test("an open that made a file has its mode, and a rule may ask for it", () => {
  const condition = "evt.type = openat and evt.arg.mode contains S_ISUID";
  const made = open({ created: true, mode: 0o4755 });
  assert.ok(holds(condition, made));
  assert.ok(holds("evt.type = openat and evt.arg.mode = S_IRUSR|S_IWUSR", open({ created: true, mode: 0o600 })));
  assert.ok(!holds("evt.type = openat and evt.arg.mode exists", open({ created: false, mode: null })));
  const plan = load(ruleText(`${condition} and fd.name startswith /tmp/`)).filterPlan();
  assert.ok(letsThrough(plan, { ...made, path: "/tmp/x" }));
});

test("mounts are asked for where a rule speaks of them", () => {
  const callsOf = (condition: string) => load(ruleText(condition)).filterPlan().calls;
  assert.deepEqual(callsOf('evt.type = execve and container.mount.dest[/etc] != "N/A"'), ["container_mounts"]);
  assert.deepEqual(callsOf("evt.type = execve and container.mounts contains /etc"), ["container_mounts"]);
  assert.deepEqual(callsOf("evt.type = execve and container.name = x"), []);
});

test("an address is compared by each of the names that it was looked up by", () => {
  const named = connect({ dst_names: ["pool.example", "a.cdn.example"], src_names: ["me.example"] });
  const taken = { ...named, activity: "accept" as const };
  const received = { activity: "receive", protocol: "udp" } as const;
  for (const [condition, event, expected] of [
    ["fd.sip.name = a.cdn.example", named, true],
    ["fd.sip.name in (x.example, pool.example)", named, true],
    ["fd.sip.name endswith .example and fd.cip.name = me.example", named, true],
    ["fd.sip.name != pool.example", named, false],
    ["fd.rip.name = pool.example and fd.lip.name = me.example", named, true],
    ["evt.type = accept and fd.rip.name = me.example and fd.lip.name = pool.example", taken, true],
    // An answer comes from its server.
    [
      "evt.type = recvfrom and fd.sip.name = me.example",
      { ...named, ...received, src_port: 53, dst_port: 40_000 },
      true,
    ],
    [
      "evt.type = recvfrom and fd.sip.name = pool.example",
      { ...named, ...received, src_port: 40_000, dst_port: 53 },
      true,
    ],
    // Never looked up: whoever compares it does not match.
    ["fd.sip.name = pool.example", connect(), false],
    ["fd.sip.name != pool.example", connect(), false],
    ["evt.type = connect and not fd.sip.name in (pool.example)", connect(), true],
  ] as const) {
    assert.equal(holds(condition, event), expected, condition);
  }
});

test("a rule about names of addresses asks for the answers about those names, under not, too", () => {
  const planOf = (condition: string) => {
    const { calls, dns_domains, unasked } = load(ruleText(condition)).filterPlan();
    return [calls, dns_domains, unasked.includes("dns.answer")];
  };
  const asked = ["dns_answer", "resolved_names"];
  assert.deepEqual(planOf("evt.type = sendto and fd.sip.name in (b.example, a.example)"), [
    asked,
    ["a.example", "b.example"],
    true,
  ]);
  assert.deepEqual(planOf("evt.type = sendto and not fd.sip.name = a.example"), [asked, ["a.example"], true]);
  assert.deepEqual(planOf("evt.type = sendto and fd.rip.name endswith .a.example"), [asked, ["a.example"], true]);
  assert.deepEqual(planOf("evt.type = sendto and fd.cip.name exists"), [asked, ["."], true]);
  assert.deepEqual(planOf("evt.type = sendto and tolower(fd.sip.name) = a.example"), [asked, ["."], true]);
  assert.deepEqual(planOf("evt.type = sendto and fd.sport = 443"), [[], [], true]);
  for (const [condition, warned] of [
    ["evt.type = sendto and fd.sip.name in (b.example, a.example)", /"a\.example", "b\.example" .* looked up.*CNAME/],
    ["evt.type = connect and fd.sip.name endswith .a.example", /"a\.example" .* looked up/],
    ["evt.type = connect and (fd.sip.name = a.example or fd.sip.name contains b)", undefined],
  ] as const) {
    const reasons = load(ruleText(condition)).warnings.map((one) => one.reason);
    if (warned === undefined) assert.deepEqual(reasons, []);
    else assert.match(reasons.join(), warned);
  }
  const { widened } = load(ruleText("evt.type = sendto and fd.sport = 443 and fd.sip.name contains a")).explainPlan();
  assert.deepEqual(
    widened.map(({ asks, because }) => [asks, because]),
    [["every answer of a name server", "`fd.sip.name contains a` names no domain"]],
  );
});
