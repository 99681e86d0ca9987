import assert from "node:assert/strict";
import { test } from "node:test";
import { letsThrough } from "../index.ts";
import { connect, holds, load, ruleText } from "./sample-events.ts";

const datagram = { activity: "receive", protocol: "udp" } as const;
const asked = connect({ ...datagram, src_ip: "192.0.2.7", src_port: 41_000, dst_ip: null, dst_port: 53 });
const answer = connect({ ...datagram, src_ip: "192.0.2.7", src_port: 53, dst_ip: "10.88.0.2", dst_port: 41_000 });

for (const [condition, ofServer, ofClient] of [
  ["evt.type in (recvfrom, recvmsg) and evt.rawres > 0", true, true],
  ["evt.type = recvfrom and fd.rip = 192.0.2.7 and fd.l4proto = udp", true, true],
  ["evt.type = recvfrom and fd.cip = 192.0.2.7 and fd.cport = 41000", true, false],
  ["evt.type = recvfrom and fd.sip = 192.0.2.7 and fd.snet = 192.0.2.0/24 and fd.lip = 10.88.0.2", false, true],
  ["evt.type = recvfrom and fd.sport = 53", true, true],
  ["evt.type = recvfrom and fd.lport = 53 and fd.is_server = true", true, false],
  ["evt.type = recvfrom and fd.name = 192.0.2.7:41000->:53", true, false],
  ["evt.type = recvfrom and fd.name = 10.88.0.2:41000->192.0.2.7:53", false, true],
  ["evt.type = recvfrom and fd.connected = false and fd.name_changed = true", true, false],
  ["evt.type = recvfrom and fd.connected = true", false, false],
  ["fd.sport = 53 and container.id != host", false, false],
] as const) {
  test(`${condition}: of a server ${ofServer}, of an answer ${ofClient}`, () => {
    assert.deepEqual([holds(condition, asked), holds(condition, answer)], [ofServer, ofClient]);
  });
}

test("they are asked for by who names the call", () => {
  const planOf = (condition: string) => load(ruleText(condition)).filterPlan();
  const plan = planOf(
    "evt.type in (recvfrom, recvmsg) and fd.l4proto != tcp and fd.connected=false and fd.name_changed=true",
  );
  assert.deepEqual(plan.calls, ["receive"]);
  assert.ok(letsThrough(plan, asked) && !letsThrough(planOf("fd.sport = 53"), asked));
  assert.deepEqual(planOf("evt.type = recvfrom and fd.connected = true").calls, []);
});
