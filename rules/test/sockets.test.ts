import assert from "node:assert/strict";
import { test } from "node:test";
import type { NetworkEvent } from "@atalaya/wire";
import { connect, exec, holds } from "./sample-events.ts";

const call = (activity: NetworkEvent["activity"], over: Partial<NetworkEvent>): NetworkEvent =>
  connect({ activity, socket: [2, 1, 6], ...over });

const dup = call("dup", { fd: 0, src_ip: "10.88.0.2", src_port: 41_000, dst_ip: "192.0.2.7", dst_port: 4_444 });
const accept = call("accept", { fd: 5, src_ip: "192.0.2.7", src_port: 41_000, dst_ip: "10.88.0.2", dst_port: 8_080 });
const listen = call("listen", { src_ip: null, src_port: null, dst_ip: "::", dst_port: 8_080, socket: [10, 1, 6] });
const nothing = { protocol: null, src_ip: null, src_port: null, dst_ip: null, dst_port: null };
const packet = call("socket", { ...nothing, fd: 4, socket: [17, 3, 768] });
const runtime = call("connect", { ...nothing, socket: [1, 1, 0], path: "/run/docker.sock" });

const answers: readonly (readonly [NetworkEvent, readonly string[], readonly string[]])[] = [
  [
    dup,
    [
      "evt.type = dup2",
      "evt.rawres in (0, 1, 2)",
      "fd.num = 0",
      "fd.type in (ipv4, ipv6)",
      "fd.rip = 192.0.2.7",
      "fd.lport = 41000",
    ],
    ["evt.type = connect", "evt.rawres > 2", "fd.is_server exists", "fd.sockfamily = unix"],
  ],
  [
    accept,
    [
      "evt.type in (accept, accept4)",
      "fd.sip = 10.88.0.2",
      "fd.sport = 8080",
      "fd.cip = 192.0.2.7",
      "fd.lip = 10.88.0.2",
      "fd.rport = 41000",
      "fd.is_server = true",
      "evt.rawres >= 0",
    ],
    ["fd.rip = 10.88.0.2", "fd.lport = 41000"],
  ],
  [
    listen,
    [
      "evt.type = listen",
      "fd.sport = 8080",
      "fd.lport = 8080",
      "fd.type = ipv6",
      "fd.name = :::8080",
      "fd.l4proto = tcp",
      "evt.rawres = 0",
    ],
    ["fd.cip exists", "fd.rport exists"],
  ],
  [
    packet,
    [
      "evt.type = socket",
      "evt.arg.domain contains AF_PACKET",
      "evt.arg[domain] = AF_PACKET",
      "evt.arg.type = 3",
      "evt.arg.proto = 768",
      "fd.type = packet",
      "fd.sockfamily = packet",
    ],
    ["fd.sip exists", "fd.type in (ipv4, ipv6)", "fd.l4proto exists"],
  ],
  [
    runtime,
    [
      "evt.type = connect",
      "fd.name endswith /docker.sock",
      "fd.sockfamily = unix",
      "fd.type = unix",
      "fd.typechar = u",
    ],
    ["fd.sip exists", "fd.sport exists", "fd.sockfamily = ip"],
  ],
];
for (const [event, yes, no] of answers) {
  test(`what Falco's fields say of ${event.activity} of family ${event.socket?.[0]}`, () => {
    for (const condition of yes) {
      const spoken = condition.includes("evt.type")
        ? condition
        : `evt.type in (dup, accept, listen, socket, connect) and ${condition}`;
      assert.ok(holds(spoken, event), condition);
    }
    for (const condition of no) {
      assert.ok(!holds(`evt.type in (dup, accept, listen, socket, connect) and ${condition}`, event), condition);
    }
  });
}

test("a program's start says what its standard streams are", () => {
  const started = exec({ stdio: ["ipv4", "pipe", "closed"] });
  for (const condition of [
    "proc.stdin.type = ipv4",
    "proc.stdout.type = pipe",
    "proc.stderr.type = closed",
    "fd.types[0] = ipv4",
    "fd.types intersects (pipe)",
  ])
    assert.ok(holds(condition, started), condition);
  assert.ok(!holds("proc.stdin.type exists", exec()));
});

test("a rule that does not speak of them is not asked about calls on sockets", () => {
  for (const event of [dup, accept, listen, packet, runtime]) assert.ok(!holds("proc.name = curl", event));
  assert.ok(holds("proc.name = curl", connect()));
});
