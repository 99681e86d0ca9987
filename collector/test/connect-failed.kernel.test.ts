import assert from "node:assert/strict";
import { once } from "node:events";
import { createServer } from "node:net";
import { after, before, describe, test } from "node:test";
import { skipUnless } from "../../tools/testing/needs.ts";
import { countedParts, KernelWatch } from "./kernel-watch.ts";

const address = `127.55.${process.pid & 0xff}.${1 + ((process.pid >> 8) & 0x3f)}`;
const closedPort = 9;
const refused = -111;
const timedOut = -110;
const unreachable = -101;
const noFreePort = -99;

/** A queue that is full answers nobody: two requests, a second apart, and then it is over. */
const unanswered = `use Socket; my ($address) = @ARGV; my ($server, $first, $second);
socket($server, PF_INET, SOCK_STREAM, 6) and bind($server, sockaddr_in(0, inet_aton($address))) and listen($server, 0) or die;
my ($port) = sockaddr_in(getsockname($server)); my $there = sockaddr_in($port, inet_aton($address));
socket($first, PF_INET, SOCK_STREAM, 6) and connect($first, $there) or die;
socket($second, PF_INET, SOCK_STREAM, 6) and setsockopt($second, 6, 7, pack("i", 1)) or die;
connect($second, $there) and die; print $port;`;

/** Asks without waiting for the answer, and then waits. */
const withoutWaiting = `use Socket; use Fcntl; my ($address, $port) = @ARGV; my ($s, $w) = (undef, "");
socket($s, PF_INET, SOCK_STREAM, 6) and fcntl($s, F_SETFL, O_NONBLOCK) or die;
connect($s, sockaddr_in($port, inet_aton($address))) and die;
vec($w, fileno($s), 1) = 1; select(undef, $w, undef, 5) > 0 or die;`;

/** In a network of its own, where one port is there to connect from: the second connection to the same place has none. */
const withoutPort = `use Socket; my ($server, $first, $second, $interface);
socket($interface, PF_INET, SOCK_DGRAM, 0) and ioctl($interface, 0x8914, my $up = pack("a16 s x14", "lo", 1)) or die "lo: $!";
open(my $range, ">", "/proc/sys/net/ipv4/ip_local_port_range") or die; syswrite($range, "40000 40000") or die "range: $!";
my $there = sockaddr_in(50000, INADDR_LOOPBACK);
socket($server, PF_INET, SOCK_STREAM, 6) and bind($server, $there) and listen($server, 5) or die;
socket($first, PF_INET, SOCK_STREAM, 6) and connect($first, $there) or die "first: $!";
socket($second, PF_INET, SOCK_STREAM, 6) and connect($second, $there) and die; print 0 - $!;`;

const givesUp = unanswered.replace("connect($second", "fcntl($second, 4, 2048) and connect($second");

describe("connections that fail", { skip: skipUnless("kernel") }, () => {
  let watch: KernelWatch;
  before(async () => {
    watch = await KernelWatch.open({ calls: ["connect_failed"], unasked: ["network.connect"] });
  });
  after(() => watch.close());

  /** Its process, when all that it did is in the ring. */
  const ended = async (program: string, args: string[]) => {
    const { pid, stdout, stderr } = watch.run(program, args);
    if (program === "perl") assert.equal(stderr, "");
    await watch.first("exit", (record) => record.task.pid === pid);
    return { pid, stdout };
  };
  const failuresOf = (pid: number) => watch.of("connect_failed", ({ task }) => task.pid === pid);
  const connects = async (to: string, port: number) =>
    (await ended(watch.acts, ["stream", "dup", to, String(port), "/bin/true"])).pid;

  for (const [at, family] of [
    [address, 2],
    ["::1", 10],
  ] as const) {
    test(`one to ${at} that is refused is told once, with whom it was to, the error and the process`, async () => {
      const [failed, ...more] = failuresOf(await connects(at, closedPort));
      assert.ok(failed !== undefined);
      assert.deepEqual(more, []);
      assert.deepEqual([failed.remoteIp, failed.remotePort, failed.result], [at, closedPort, refused]);
      assert.deepEqual([failed.family, failed.type, failed.protocol, failed.task.comm], [family, 1, 6, "acts"]);
      assert.deepEqual([failed.localIp, failed.forRecorder], [family === 2 ? "127.0.0.1" : at, undefined]);
      assert.ok(failed.localPort > closedPort);
    });
  }

  test("one that nobody answers is told when its time is over", async () => {
    const { pid, stdout } = await ended("perl", ["-e", unanswered, address]);
    const failures = failuresOf(pid).map(({ remoteIp, remotePort, result }) => [remoteIp, remotePort, result]);
    assert.deepEqual(failures, [[address, Number(stdout), timedOut]]);
  });

  test("one that the kernel refuses at once is told", async () => {
    const [failed, ...more] = failuresOf(await connects("224.0.0.1", 80));
    assert.deepEqual([failed?.remoteIp, failed?.remotePort, failed?.result], ["224.0.0.1", 80, unreachable]);
    assert.deepEqual(more, []);
  });

  test("one for which no port is free is told once, though it fails before the first packet", async () => {
    const { pid, stdout, stderr } = watch.run("unshare", ["-n", "perl", "-e", withoutPort]);
    assert.deepEqual([stdout, stderr], [String(noFreePort), ""]);
    await watch.first("exit", (record) => record.task.pid === pid);
    const failures = failuresOf(pid).map(({ remoteIp, remotePort, result }) => [remoteIp, remotePort, result]);
    assert.deepEqual(failures, [["127.0.0.1", 50_000, noFreePort]]);
  });

  test("who does not wait for the answer is told of, too", async () => {
    const { pid } = await ended("perl", ["-e", withoutWaiting, address, String(closedPort)]);
    assert.deepEqual(
      failuresOf(pid).map(({ result }) => result),
      [refused],
    );
  });

  test("who gives up before an answer comes is not told of", async () => {
    const { pid } = await ended("perl", ["-e", givesUp, address]);
    assert.deepEqual(failuresOf(pid), []);
  });

  test("one that is made is not told, nor are bad calls", async () => {
    const server = createServer((socket) => socket.destroy()).listen(0, address);
    await once(server, "listening");
    const { port } = server.address() as { port: number };
    const pid = await connects(address, port);
    server.close();
    assert.deepEqual(failuresOf(pid), []);
    const { pid: other } = await ended("perl", [
      "-e",
      'use Socket; socket(my $s, 2, 1, 6); connect($s, pack("S", 77));',
    ]);
    assert.deepEqual(failuresOf(other), []);
  });

  test("every one is counted once", () => {
    const count = (reason: string) => watch.count("connect_failed", reason);
    assert.ok(count("submitted") >= 5);
    assert.equal(
      countedParts.reduce((sum, reason) => sum + count(reason), 0),
      count("attempted"),
    );
  });

  test("nobody gets them unasked, and the programs hang nowhere then", async () => {
    watch.setPlan({});
    assert.deepEqual(failuresOf(await connects(address, closedPort)), []);
    const attempted = watch.count("connect_failed", "attempted");
    await connects(address, closedPort);
    assert.equal(watch.count("connect_failed", "attempted"), attempted);
  });
});
