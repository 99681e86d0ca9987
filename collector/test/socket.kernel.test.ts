import assert from "node:assert/strict";
import { once } from "node:events";
import { linkSync } from "node:fs";
import { createServer, type Server } from "node:net";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { skipUnless } from "../../tools/testing/needs.ts";
import { countedParts, KernelWatch } from "./kernel-watch.ts";

// On loopback, at an address that nobody else uses.
const address = `127.54.${process.pid & 0xff}.${1 + ((process.pid >> 8) & 0x3f)}`;
const everyCall = ["dup", "bind", "listen", "accept", "socket", "unix_connect"] as const;

describe("calls on sockets", { skip: skipUnless("kernel") }, () => {
  let watch: KernelWatch;
  let server: Server;
  let port: number;
  before(async () => {
    watch = await KernelWatch.open({ calls: [...everyCall] });
    server = createServer((socket) => socket.on("error", () => {})).listen(0, address);
    await once(server, "listening");
    port = (server.address() as { port: number }).port;
  });
  after(() => {
    server.close();
    watch.close();
  });

  /** What a process did is in the ring before its end is. */
  const ended = async (...args: string[]) => {
    const { pid, status, stderr } = watch.act(...args);
    assert.equal(status, 0, stderr);
    await watch.first("exit", (record) => record.task.pid === pid);
    return pid;
  };
  const stream = (call: string) => ended("stream", call, address, String(port), "/bin/true");

  for (const call of ["dup", "dup2", "dup3", "fcntl"]) {
    test(`${call} of a connection onto standard input is seen, with both addresses`, async () => {
      const pid = await stream(call);
      const [dup, ...more] = watch.of("dup", (record) => record.task.pid === pid);
      assert.ok(dup !== undefined);
      assert.deepEqual(more, []);
      assert.deepEqual([dup.result, dup.family, dup.type, dup.protocol], [0, 2, 1, 6]);
      assert.deepEqual([dup.localIp, dup.remoteIp, dup.remotePort], ["127.0.0.1", address, port]);
      assert.ok(dup.localPort > 0 && dup.localPort !== port);
      assert.deepEqual([dup.path, dup.task.comm], ["", "acts"]);
    });
  }

  test("a program that starts says what its standard streams are", async () => {
    const [connected, piped] = [await stream("dup2"), await stream("pipe")];
    const [first, second] = [connected, piped].map(
      (pid) => watch.of("exec", (record) => record.task.pid === pid && record.exePath.endsWith("true"))[0],
    );
    assert.deepEqual(first?.streams, ["ipv4", "unix", "unix"]);
    assert.equal(second?.streams?.[0], "pipe");
    assert.deepEqual(
      watch.of("dup", (record) => record.task.pid === piped),
      [],
    );
    const { pid } = watch.run("bash", ["-c", `exec /bin/true < /dev/null > ${join(watch.folder, "out")} 2>&-`]);
    await watch.first("exit", (record) => record.task.pid === pid);
    const [started] = watch.of("exec", (record) => record.task.pid === pid && record.exePath.endsWith("true"));
    assert.deepEqual(started?.streams, ["null", "file", "closed"]);
  });

  test("a terminal and a folder are told from files", async () => {
    const line = `exec /bin/true 2< ${watch.folder}`;
    watch.run("script", ["-qec", `bash -c '${line}'`, "/dev/null"]);
    const started = await watch.first(
      "exec",
      (record) => record.streams?.[2] === "directory" && record.exePath.endsWith("true"),
    );
    assert.deepEqual(started.streams, ["tty", "tty", "directory"]);
  });

  for (const [call, at] of [
    ["accept", address],
    ["accept4", "::1"],
  ] as const) {
    test(`bind, listen and ${call} at ${at} are seen, with address, port and the process that listens`, async () => {
      const wanted = 20_000 + (process.pid % 20_000);
      const pid = await ended("serve", call, at, String(wanted));
      const [bind] = watch.of("bind", (record) => record.task.pid === pid);
      const [listen] = watch.of("listen", (record) => record.task.pid === pid);
      const [accept] = watch.of("accept", (record) => record.task.pid === pid);
      const family = at === "::1" ? 10 : 2;
      for (const one of [bind, listen, accept]) {
        assert.deepEqual([one?.localIp, one?.localPort], [at, wanted], one?.kind);
        assert.deepEqual([one?.family, one?.type, one?.protocol, one?.task.comm], [family, 1, 6, "acts"], one?.kind);
      }
      const from = await watch.first("connect", (record) => record.dstIp === at && record.dstPort === wanted);
      assert.notEqual(from.task.pid, pid);
      assert.equal(accept?.remoteIp, at === "::1" ? at : "127.0.0.1");
      assert.ok((accept?.remotePort ?? 0) > 0);
      assert.ok((accept?.result ?? 0) > 2);
      assert.deepEqual([bind?.result, listen?.result, listen?.remotePort], [0, 0, 0]);
    });
  }

  test("a server for everybody says so", async () => {
    const wanted = 41_000 + (process.pid % 10_000);
    const pid = await ended("serve", "accept", "::", String(wanted));
    const [listen] = watch.of("listen", (record) => record.task.pid === pid);
    assert.deepEqual([listen?.localIp, listen?.localPort], ["::", wanted]);
  });

  for (const [name, family, type, protocol] of [
    ["raw IPv4", 2, 3, 1],
    ["raw IPv6", 10, 3, 58],
    ["packet", 17, 3, 0],
    ["netlink", 16, 3, 0],
  ] as const) {
    test(`a ${name} socket is seen with family, type and protocol`, async () => {
      const pid = await ended("socket", String(family), String(type), String(protocol), "1");
      const [made, ...more] = watch.of("socket", (record) => record.task.pid === pid);
      assert.deepEqual(more, []);
      assert.deepEqual([made?.family, made?.type, made?.protocol], [family, type, protocol]);
    });
  }

  test("everybody's sockets are not reported", async () => {
    const pids = [
      await ended("socket", "2", "1", "0", "1"),
      await ended("socket", "10", "2", "0", "1"),
      await ended("socket", "1", "1", "0", "1"),
    ];
    assert.deepEqual(
      watch.of("socket", (record) => pids.includes(record.task.pid)),
      [],
    );
  });

  test("a connection to a socket that is a file is seen by the name that it was bound to", async () => {
    const [path, alias] = [join(watch.folder, "runtime.sock"), join(watch.folder, "harmless")];
    const abstract = `@atalaya-test-${process.pid}`;
    const file = createServer().listen(path);
    const nameless = createServer().listen(`\0${abstract.slice(1)}`);
    await Promise.all([once(file, "listening"), once(nameless, "listening")]);
    linkSync(path, alias);
    for (const [by, seen] of [
      [path, path],
      [alias, path],
      [abstract, abstract],
    ] as const) {
      const pid = await ended("unix", "1", by);
      const [found] = watch.of("unix_connect", (record) => record.task.pid === pid);
      assert.deepEqual([found?.path, found?.family, found?.type], [seen, 1, 1], by);
    }
    watch.setPlan({ socket_names: ["runtime.sock"] });
    const [named, other] = [await ended("unix", "1", alias), await ended("unix", "1", abstract)];
    watch.setPlan({ calls: [...everyCall] });
    const seen = watch.of("unix_connect", (record) => record.task.pid === named || record.task.pid === other);
    assert.deepEqual(
      seen.map((record) => record.task.pid),
      [named],
    );
    file.close();
    nameless.close();
  });

  test("what no rule asks for stays in the kernel", async () => {
    watch.setPlan({});
    const pids = [
      await stream("dup2"),
      await ended("socket", "17", "3", "0", "1"),
      await ended("serve", "accept", address, "18777"),
    ];
    watch.setPlan({ calls: [...everyCall] });
    for (const kind of everyCall)
      assert.deepEqual(
        watch.of(kind, (record) => pids.includes(record.task.pid)),
        [],
      );
  });

  test("a flood ends at the budget of its control group and kind, and is counted", async () => {
    const before = watch.count("socket", "throttled");
    const pid = await ended("socket", "16", "3", "0", "3000");
    const seen = watch.of("socket", (record) => record.task.pid === pid).length;
    const throttled = watch.count("socket", "throttled") - before;
    assert.ok(seen >= 1 && seen < 1_000, `${seen} were seen`);
    assert.ok(throttled >= 3_000 - seen, `${throttled} were counted`);
    // The budget of one kind is not another's.
    const shell = await stream("dup2");
    assert.equal(watch.of("dup", (record) => record.task.pid === shell).length, 1);
  });

  for (const kind of everyCall) {
    test(`every ${kind} is counted once`, () => {
      const sum = countedParts.reduce((total, reason) => total + watch.count(kind, reason), 0);
      assert.ok(sum > 0);
      assert.equal(sum, watch.count(kind, "attempted"));
    });
  }
});
