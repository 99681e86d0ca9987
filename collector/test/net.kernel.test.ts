import assert from "node:assert/strict";
import { createSocket } from "node:dgram";
import { createServer } from "node:net";
import { after, before, describe, test } from "node:test";
import { skipUnless } from "../../tools/testing/needs.ts";
import { KernelWatch } from "./kernel-watch.ts";

async function portOf(server: { once(event: "listening", then: () => void): unknown; address(): unknown }) {
  await new Promise<void>((resolve) => server.once("listening", resolve));
  return (server.address() as { port: number }).port;
}

describe("outbound network", { skip: skipUnless("kernel") }, () => {
  let watch: KernelWatch;
  before(async () => {
    watch = await KernelWatch.open();
  });
  after(() => watch.close());

  test("a TCP connection is seen with address, port and process", async () => {
    const server = createServer().listen(0, "127.0.0.1");
    const port = await portOf(server);
    const { pid } = watch.run("bash", ["-c", `exec 3<>/dev/tcp/127.0.0.1/${port}`]);
    server.close();
    const connect = await watch.first("connect", (record) => record.dstPort === port);
    assert.deepEqual([connect.dstIp, connect.protocol, connect.task.pid], ["127.0.0.1", "tcp", pid]);
  });

  test("IPv6 is seen in its short form", async () => {
    watch.run("bash", ["-c", "exec 3<>/dev/tcp/::1/9"]);
    const connect = await watch.first("connect", (record) => record.dstIp === "::1");
    assert.deepEqual([connect.dstPort, connect.protocol], [9, "tcp"]);
  });

  test("a datagram to an address is a send, and connected UDP is a connect", async () => {
    const socket = createSocket("udp4").bind(0, "127.0.0.1");
    const port = await portOf(socket);
    const loose = watch.act("udp", "unconnected", String(port));
    const firm = watch.act("udp", "connected", String(port));
    socket.close();
    const send = await watch.first("send", (record) => record.task.pid === loose.pid);
    const connect = await watch.first("connect", (record) => record.task.pid === firm.pid);
    assert.deepEqual([send.dstIp, send.dstPort, send.protocol], ["127.0.0.1", port, "udp"]);
    assert.deepEqual([connect.dstIp, connect.dstPort, connect.protocol], ["127.0.0.1", port, "udp"]);
  });
});
