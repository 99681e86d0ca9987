// What is done with sockets beside connecting: kinds of records that nobody gets unasked (the plan's `calls`).
import assert from "node:assert/strict";
import { once } from "node:events";
import { type AddressInfo, createServer } from "node:net";
import type { Check } from "./check.ts";
import { act, acts, type GuestWatch } from "./guest-watch.ts";

const address = "127.0.0.77";
/** arm64 has no dup2: there the C library means dup3. */
const duplicates = process.arch === "x64" ? ["dup", "dup2", "dup3", "fcntl"] : ["dup", "dup3", "fcntl"];

async function checkDuplicate(watch: GuestWatch, call: string): Promise<void> {
  const server = createServer((socket) => socket.on("error", () => undefined)).listen(0, address);
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  const { pid, status, stderr } = act("stream", call, address, String(port), "/bin/true");
  server.close();
  assert.equal(status, 0, stderr);
  const dup = await watch.first("network", "dup", (event) => event.pid === pid);
  assert.deepEqual([dup.fd, dup.dst_ip, dup.dst_port, dup.src_ip], [0, address, port, "127.0.0.1"]);
  assert.deepEqual([dup.protocol, dup.socket?.map(Number)], ["tcp", [2, 1, 6]]);
  const exec = await watch.first("process", "exec", (event) => event.pid === pid && event.name === "true");
  assert.deepEqual(exec.stdio?.[0], "ipv4");
}

async function checkServer(watch: GuestWatch, call: string, at: string): Promise<void> {
  const port = 4_077;
  const { pid, status, stderr } = act("serve", call, at, String(port));
  assert.equal(status, 0, stderr);
  for (const activity of ["bind", "listen", "accept"] as const) {
    const event = await watch.first("network", activity, (one) => one.pid === pid);
    assert.deepEqual([event.dst_ip, event.dst_port, event.protocol], [at, port, "tcp"], activity);
    if (activity === "accept") assert.ok((event.fd ?? 0) > 2 && (event.src_port ?? 0) > 0, JSON.stringify(event));
  }
}

/** Refused by the other side; or at once, since nobody can connect to a group. */
async function checkFailure(watch: GuestWatch, at: string): Promise<void> {
  const { pid, status } = act("stream", "dup", at, "9", "/bin/true");
  assert.notEqual(status, 0);
  const failed = await watch.first("network", "connect_failed", (event) => event.pid === pid);
  const error = at.startsWith("224.") ? -101 : -111;
  assert.deepEqual([failed.dst_ip, failed.dst_port, failed.error, failed.protocol], [at, 9, error, "tcp"]);
  assert.deepEqual([failed.exe_path, failed.socket?.map(Number).slice(1)], [acts, [1, 6]]);
}

export const socketChecks: readonly Check[] = [
  ...duplicates.map(
    (call): Check => ({
      name: `${call} of a connection onto standard input, and what the program's streams then are`,
      needs: [`exit_${call}`],
      run: (watch) => checkDuplicate(watch, call),
    }),
  ),
  {
    name: "bind, listen and accept over IPv4",
    needs: ["bind4", "sock_listens", "exit_accept"],
    run: (watch) => checkServer(watch, "accept", address),
  },
  {
    name: "bind, listen and accept4 over IPv6",
    needs: ["bind6", "sock_listens", "exit_accept4"],
    run: (watch) => checkServer(watch, "accept4", "::1"),
  },
  ...[address, "::1", "224.0.0.1"].map(
    (at): Check => ({
      name: `a connection to ${at} that fails, and why`,
      needs: at === "::1" ? ["connect6", "connection_ends"] : ["connect4", "connection_ends", "exit_connect_failed"],
      run: (watch) => checkFailure(watch, at),
    }),
  ),
  {
    name: "a raw socket",
    needs: ["exit_socket"],
    async run(watch) {
      const { pid, status, stderr } = act("socket", "2", "3", "1", "1");
      assert.equal(status, 0, stderr);
      const made = await watch.first("network", "socket", (event) => event.pid === pid);
      assert.deepEqual(made.socket?.map(Number), [2, 3, 1]);
    },
  },
  {
    name: "a connection to a socket that is a file: the path that it was bound to",
    needs: ["exit_connect"],
    async run(watch) {
      const path = "/tmp/runtime.sock";
      const server = createServer((socket) => socket.on("error", () => undefined)).listen(path);
      await once(server, "listening");
      const { pid, status, stderr } = act("unix", "1", path);
      server.close();
      assert.equal(status, 0, stderr);
      const made = await watch.first("network", "connect", (event) => event.pid === pid && event.path !== null);
      assert.deepEqual([made.path, made.socket?.map(Number).slice(0, 2)], [path, [1, 1]]);
    },
  },
];
