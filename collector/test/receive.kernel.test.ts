import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { skipUnless } from "../../tools/testing/needs.ts";
import { countedParts, KernelWatch } from "./kernel-watch.ts";

const address = `127.56.${process.pid & 0xff}.${1 + ((process.pid >> 8) & 0x3f)}`;

/** A server, as it is bound, that is sent so many datagrams by each of two clients, to that address; prints all ports. */
const server = `const { createSocket } = require("node:dgram");
const [type, at, to, sent] = process.argv.slice(1);
const server = createSocket(type).bind(0, at === "any" ? undefined : at);
let left = 2 * sent; const ports = new Set();
server.on("message", (_, { port }) => { ports.add(port); if (--left === 0) { console.log([server.address().port, ...ports].join(" ")); process.exit(); } });
server.on("listening", () => { const { port } = server.address();
  for (const client of [0, 1].map(() => createSocket(to.includes(":") ? "udp6" : "udp4"))) for (let i = 0; i < sent; i++) client.send("x", port, to); });`;

/** By a socket that is connected, and by one that does not ask who sent. */
const unasking = `use Socket; my ($one, $other); my $any = sockaddr_in(0, inet_aton($ARGV[0]));
for ($one, $other) { socket($_, PF_INET, SOCK_DGRAM, 17) and bind($_, $any) or die; }
connect($one, getsockname($other)) and connect($other, getsockname($one)) or die;
send($other, "x", 0) and defined(recv($one, my $got, 9, 0)) or die;
socket($other, PF_INET, SOCK_DGRAM, 17) and bind($other, $any) and socket($one, PF_INET, SOCK_DGRAM, 17) or die;
send($one, "x", 0, getsockname($other)) and sysread($other, $got, 9) or die;`;

describe("datagrams that come", { skip: skipUnless("kernel") }, () => {
  let watch: KernelWatch;
  before(async () => {
    watch = await KernelWatch.open({ calls: ["receive"] });
  });
  after(() => watch.close());

  const ended = async (program: string, args: string[]) => {
    const { pid, stdout, stderr } = watch.run(program, args);
    assert.equal(stderr, "");
    await watch.first("exit", (record) => record.task.pid === pid);
    return { pid, stdout };
  };
  const receivedBy = (pid: number) => watch.of("receive", ({ task }) => task.pid === pid);

  for (const [type, at, to, from] of [
    ["udp4", address, address, "127.0.0.1"],
    ["udp6", "::1", "::1", "::1"],
    ["udp6", "any", address, "127.0.0.1"],
  ] as const) {
    test(`of ${type} bound to ${at}: the first from each sender, who that was and to which port`, async () => {
      const { pid, stdout } = await ended(process.execPath, ["-e", server, type, at, to, "3"]);
      const [port, ...clients] = stdout.trim().split(" ").map(Number);
      const told = receivedBy(pid);
      assert.deepEqual(told.map(({ srcPort }) => srcPort).sort(), clients.sort());
      for (const { protocol, srcIp, dstIp, dstPort, task } of told) {
        assert.deepEqual([protocol, srcIp, dstIp, dstPort], ["udp", from, at === "any" ? "" : at, port]);
        assert.ok(["node", "MainThread"].includes(task.comm), task.comm);
      }
    });
  }

  test("a socket that is connected, or a call that does not ask who sent, is not told of", async () => {
    const { pid } = await ended("perl", ["-e", unasking, address]);
    assert.deepEqual(receivedBy(pid), []);
  });

  test("every one is counted once", () => {
    const count = (reason: string) => watch.count("receive", reason);
    assert.ok(count("submitted") >= 6 && count("repeated") >= 12);
    assert.equal(
      countedParts.reduce((sum, reason) => sum + count(reason), 0),
      count("attempted"),
    );
  });

  test("nobody gets them unasked, and the programs hang nowhere then", async () => {
    watch.setPlan({});
    const attempted = watch.count("receive", "attempted");
    const { pid } = await ended(process.execPath, ["-e", server, "udp4", address, address, "1"]);
    assert.deepEqual(receivedBy(pid), []);
    assert.equal(watch.count("receive", "attempted"), attempted);
  });
});
