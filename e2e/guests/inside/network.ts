import assert from "node:assert/strict";
import { createSocket } from "node:dgram";
import { once } from "node:events";
import { type AddressInfo, connect, createServer } from "node:net";
import { answer, question } from "../../../collector/test/dns-message.ts";
import type { Check } from "./check.ts";
import { act, acts, type GuestWatch, runProgram } from "./guest-watch.ts";

const domain = "bad.atalaya.test";

/** A connection of this process to itself. */
export async function connectTo(host: string): Promise<number> {
  const server = createServer((socket) => socket.destroy()).listen(0, host);
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  const socket = connect(port, host).on("error", () => undefined);
  await once(socket, "close");
  server.close();
  return port;
}

async function checkConnect(watch: GuestWatch, host: string): Promise<void> {
  const port = await connectTo(host);
  const made = await watch.first("network", "connect", (event) => event.dst_port === port);
  assert.deepEqual(
    [made.dst_ip, made.protocol, made.pid, made.exe_path],
    [host, "tcp", process.pid, "/atalaya/bin/node"],
  );
}

async function checkDatagram(watch: GuestWatch, how: "connected" | "unconnected"): Promise<void> {
  const socket = createSocket("udp4").bind(0, "127.0.0.1");
  await once(socket, "listening");
  const { port } = socket.address();
  const { pid, status, stderr } = act("udp", how, String(port));
  socket.close();
  assert.equal(status, 0, stderr);
  const activity = how === "connected" ? "connect" : "send";
  const seen = await watch.first("network", activity, (event) => event.pid === pid);
  assert.deepEqual([seen.dst_ip, seen.dst_port, seen.protocol], ["127.0.0.1", port, "udp"]);
}

/** By this process: it is sent two, and told of once. */
async function checkReceived(watch: GuestWatch, type: "udp4" | "udp6"): Promise<void> {
  const at = type === "udp4" ? "127.0.0.1" : "::1";
  const server = createSocket(type).bind(0, at);
  await once(server, "listening");
  const { port } = server.address();
  const client = createSocket(type);
  for (let i = 0; i < 2; i++) {
    const comes = once(server, "message");
    client.send("x", port, at);
    await comes;
  }
  const from = client.address().port;
  client.close();
  server.close();
  const seen = await watch.first("network", "receive", (event) => event.pid === process.pid && event.dst_port === port);
  assert.deepEqual([seen.src_ip, seen.src_port, seen.dst_ip, seen.protocol], [at, from, at, "udp"]);
}

/** By this process, which has the sixth version at hand. */
async function checkDatagramOfSix(watch: GuestWatch): Promise<void> {
  const server = createSocket("udp6").bind(0, "::1");
  await once(server, "listening");
  const { port } = server.address();
  const client = createSocket("udp6");
  await new Promise<void>((resolve, reject) =>
    client.send("x", port, "::1", (error) => (error === null ? resolve() : reject(error))),
  );
  client.close();
  server.close();
  const seen = await watch.first("network", "send", (event) => event.pid === process.pid && event.dst_port === port);
  assert.deepEqual([seen.dst_ip, seen.protocol, seen.exe_path], ["::1", "udp", "/atalaya/bin/node"]);
}

async function checkQuestion(watch: GuestWatch, how: string, address: string): Promise<void> {
  const name = `${how}.${domain}`;
  const family = address.includes(":") ? "udp6" : "udp4";
  const udp = createSocket(family).bind(53, address);
  await once(udp, "listening");
  const tcp = createServer((socket) => socket.on("error", () => undefined).resume()).listen(53, address);
  await once(tcp, "listening");
  const { pid, status, stderr } = runProgram(acts, ["ask", how, "1", address, "53"], { input: question(name) });
  udp.close();
  tcp.close();
  assert.equal(status, 0, stderr);
  const asked = await watch.first("dns", "query", (event) => event.pid === pid);
  const protocol = how.startsWith("tcp") ? "tcp" : "udp";
  assert.deepEqual([asked.query, asked.query_type, asked.protocol], [name, 1, protocol]);
  assert.deepEqual([asked.dst_ip, asked.dst_port, asked.exe_path], [address, 53, acts]);
}

async function checkAnswer(watch: GuestWatch, how: string): Promise<void> {
  const name = `answer-${how}.${domain}`;
  const asked = question(name);
  const input = Buffer.concat([asked, answer(name, [{ type: 1, data: Buffer.from([192, 0, 2, 7]) }])]);
  const given = ["answered", how, "127.0.0.55", "53", String(asked.length)];
  const { pid, status, stderr } = runProgram(acts, given, { input });
  assert.equal(status, 0, stderr);
  const told = await watch.first("dns", "answer", (event) => event.pid === pid);
  assert.deepEqual([told.query, told.answers, told.dst_ip], [name, ["192.0.2.7"], "127.0.0.55"]);
}

export const networkChecks: readonly Check[] = [
  { name: "connect over TCP to IPv4", needs: ["connect4"], run: (watch) => checkConnect(watch, "127.0.0.1") },
  { name: "connect over TCP to IPv6", needs: ["connect6"], run: (watch) => checkConnect(watch, "::1") },
  { name: "send of a datagram", needs: ["sendmsg4"], run: (watch) => checkDatagram(watch, "unconnected") },
  { name: "send of a datagram to IPv6", needs: ["sendmsg6"], run: checkDatagramOfSix },
  { name: "a datagram that comes", needs: ["recvmsg4"], run: (watch) => checkReceived(watch, "udp4") },
  { name: "a datagram that comes over IPv6", needs: ["recvmsg6"], run: (watch) => checkReceived(watch, "udp6") },
  { name: "connect of a UDP socket", needs: ["connect4"], run: (watch) => checkDatagram(watch, "connected") },
  ...(
    [
      ["UDP by sendto", "sendto", "127.0.0.53"],
      ["UDP by a connected socket's write", "write", "::1"],
      ["TCP", "tcp", "127.0.0.54"],
    ] as const
  ).map(
    ([name, how, address]): Check => ({
      name: `dns query over ${name}`,
      needs: ["dns_egress"],
      run: (watch) => checkQuestion(watch, how, address),
    }),
  ),
  ...["sendto", "tcp"].map(
    (how): Check => ({
      name: `dns answer to a question by ${how}`,
      needs: ["dns_ingress"],
      run: (watch) => checkAnswer(watch, how),
    }),
  ),
];
