import assert from "node:assert/strict";
import { once } from "node:events";
import { createServer, type Server } from "node:net";
import { after, before, describe } from "node:test";
import { skipUnless } from "../../../tools/testing/needs.ts";
import { question } from "../dns-message.ts";
import { KernelWatch } from "../kernel-watch.ts";
import { built, evasion, perform } from "./evasion.ts";

// On loopback, at an address that nobody else uses.
const nameServer = `127.54.${process.pid & 0xff}.${1 + ((process.pid >> 8) & 0x3f)}`;

describe("evasions on the network", { skip: skipUnless("kernel") }, () => {
  let watch: KernelWatch;
  let server: Server;
  let port: number;
  before(async () => {
    watch = await KernelWatch.open({ dns_domains: ["evil.example"], calls: ["socket"] });
    server = createServer((socket) => socket.destroy()).listen(0, "127.0.0.1");
    await once(server, "listening");
    port = (server.address() as { port: number }).port;
  });
  after(() => {
    server.close();
    watch.close();
  });
  const scene = () => watch;

  evasion(2, "a connection through io_uring is its process's", ["connect4"], scene, async () => {
    const { pid } = perform(watch, "uring", "connect", String(port));
    const connect = await watch.first("connect", ({ task }) => task.pid === pid);
    assert.deepEqual([connect.dstIp, connect.dstPort, connect.protocol], ["127.0.0.1", port, "tcp"]);
  });

  evasion(3, "a connection that the kernel's thread makes (SQPOLL) is the owner's", ["connect4"], scene, async () => {
    const { pid } = perform(watch, "uring", "sqpoll", "connect", String(port));
    const connect = await watch.first("connect", ({ task }) => task.pid === pid);
    assert.deepEqual([connect.dstPort, connect.task.comm], [port, `iou-sqp-${pid}`]);
    const run = await watch.first("exec", ({ task }) => task.pid === pid);
    assert.deepEqual([run.exePath, run.task.startUs], [built(watch, "uring"), connect.task.startUs]);
  });

  for (const [name, family, type, protocol] of [
    ["raw", 2, 3, 255],
    ["packet", 17, 3, 768],
    ["netlink", 16, 3, 0],
  ] as const) {
    evasion(29, `a ${name} socket is told when it is made`, ["exit_socket"], scene, async () => {
      const { pid, status, stderr } = watch.act("socket", String(family), String(type), String(protocol), "1");
      assert.equal(status, 0, stderr);
      const made = await watch.first("socket", ({ task }) => task.pid === pid);
      assert.deepEqual([made.family, made.type, made.task.comm], [family, type, "acts"]);
    });
  }

  for (const [how, protocol] of [
    ["tcp", "tcp"],
    ["sendto", "udp"],
  ] as const) {
    evasion(30, `a question by ${how} to a name server is told with its name`, ["dns_egress"], scene, async () => {
      const listening = createServer((socket) => socket.resume()).listen(53, nameServer);
      await once(listening, "listening");
      const input = question("exfil.evil.example");
      const { pid } = watch.run(watch.acts, ["ask", how, "1", nameServer, "53"], { input });
      listening.close();
      const asked = await watch.first("dns_query", ({ task }) => task.pid === pid);
      assert.deepEqual([asked.name, asked.protocol, asked.dstIp], ["exfil.evil.example", protocol, nameServer]);
    });
  }
});
