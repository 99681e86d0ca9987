import assert from "node:assert/strict";
import { createSocket, type Socket } from "node:dgram";
import { once } from "node:events";
import { createServer } from "node:net";
import { after, before, describe, test } from "node:test";
import { skipUnless } from "../../tools/testing/needs.ts";
import { edns, question } from "./dns-message.ts";
import { countedParts, KernelWatch } from "./kernel-watch.ts";

// On loopback, at an address that nobody else uses; nothing answers.
const server = `127.53.${process.pid & 0xff}.${1 + ((process.pid >> 8) & 0x3f)}`;
const watched = "bad.atalaya.test";

describe("questions to name servers", { skip: skipUnless("kernel") }, () => {
  let watch: KernelWatch;
  let listener: Socket;
  before(async () => {
    watch = await KernelWatch.open({ dns_domains: [watched] });
    listener = createSocket("udp4").bind(53, server);
    await once(listener, "listening");
  });
  after(() => {
    listener.close();
    watch.close();
  });

  const ask = (how: string, message: Buffer, options: { times?: number; address?: string; port?: number } = {}) => {
    const { times = 1, address = server, port = 53 } = options;
    return watch.run(watch.acts, ["ask", how, String(times), address, String(port)], { input: message });
  };
  const questionsOf = async (pid: number) => {
    // What a process asked lies in the ring before its end does.
    await watch.first("exit", (record) => record.task.pid === pid);
    return watch.of("dns_query", (record) => record.task.pid === pid);
  };
  const namesOf = async (pid: number) => (await questionsOf(pid)).map((record) => record.name);

  for (const how of ["sendto", "sendmsg", "write", "corked"]) {
    test(`${how} of a process whose arguments do not hold the name is seen, with server and process`, async () => {
      const { pid, status, stderr } = ask(how, question(`www.${watched}`));
      assert.equal(status, 0, stderr);
      const [found] = await questionsOf(pid);
      assert.ok(found !== undefined);
      assert.deepEqual([found.name, found.type, found.protocol], [`www.${watched}`, 1, "udp"]);
      assert.deepEqual([found.dstIp, found.dstPort, found.task.comm], [server, 53, "acts"]);
    });
  }

  test("sendmmsg brings both questions, as glibc asks for IPv4 and IPv6 at once", async () => {
    const { pid, status, stderr } = ask("sendmmsg", question(watched));
    assert.equal(status, 0, stderr);
    assert.deepEqual(
      (await questionsOf(pid)).map((record) => [record.name, record.type]),
      [
        [watched, 1],
        [watched, 28],
      ],
    );
  });

  test("IPv6 is seen, also where the port is closed", async () => {
    const { pid } = ask("sendto", question(watched, { additional: edns }), { address: "::1" });
    const [found] = await questionsOf(pid);
    assert.deepEqual([found?.dstIp, found?.name], ["::1", watched]);
  });

  for (const how of ["tcp", "tcp-apart"]) {
    test(`a question over TCP is its process', ${how === "tcp" ? "with" : "apart from"} its length`, async () => {
      const listening = createServer((socket) => socket.resume()).listen(53, server);
      await once(listening, "listening");
      const { pid, status, stderr } = ask(how, question(watched, { additional: edns }));
      listening.close();
      assert.equal(status, 0, stderr);
      const [found] = await questionsOf(pid);
      assert.deepEqual([found?.name, found?.protocol, found?.task.comm], [watched, "tcp", "acts"]);
    });
  }

  test("capital letters are the same name", async () => {
    assert.deepEqual(await namesOf(ask("sendto", question("WwW.bAd.AtAlAyA.TEST")).pid), [`www.${watched}`]);
  });

  const twins: Record<string, Buffer> = {
    "another domain": question("good.atalaya.test"),
    "a name that only ends in the same letters": question(`not${watched}`),
    "the domain above": question("atalaya.test"),
    "the root": question("."),
    "an answer": question(watched, { flags: 0x8180 }),
    "a message without a question": question(watched, { questions: 0 }),
    "a name that does not end": question(Buffer.from([9, 98])),
    "a label that is too long": question(Buffer.concat([Buffer.from([64]), Buffer.alloc(64, "x"), Buffer.from([0])])),
  };
  for (const [what, message] of Object.entries(twins)) {
    test(`${what} does not leave the kernel`, async () => {
      assert.deepEqual(await questionsOf(ask("sendto", message).pid), []);
    });
  }

  test("another port does not leave the kernel", async () => {
    assert.deepEqual(await questionsOf(ask("sendto", question(watched), { port: 5300 }).pid), []);
  });

  test("a name that is hidden behind a pointer is found", async () => {
    // The question's name is a pointer to behind the question: a server follows it.
    const hidden = question(Buffer.from([0xc0, 18]), { additional: question(watched).subarray(12) });
    assert.deepEqual(await namesOf(ask("sendto", hidden).pid), [watched]);
  });

  test("a name as long as names can be is whole", async () => {
    const long = `${`${"a".repeat(63)}.`.repeat(3)}${"b".repeat(61 - watched.length - 1)}.${watched}`;
    assert.equal(long.length, 253);
    assert.deepEqual(await namesOf(ask("sendto", question(long)).pid), [long]);
  });

  test("what a process asks again is one record, and counted; another process' question is its own", async () => {
    const before = watch.count("dns_query", "repeated");
    const first = ask("sendto", question(`again.${watched}`), { times: 40 });
    const second = ask("sendto", question(`again.${watched}`));
    assert.deepEqual(await namesOf(first.pid), [`again.${watched}`]);
    assert.deepEqual(await namesOf(second.pid), [`again.${watched}`]);
    assert.equal(watch.count("dns_query", "repeated") - before, 39);
  });

  test("a plan for every question lets every question through, until the next plan", async () => {
    watch.setPlan({ dns_domains: ["."] });
    assert.deepEqual(await namesOf(ask("sendto", question("anything.example")).pid), ["anything.example"]);
    watch.setPlan({ dns_domains: ["example.org"] });
    assert.deepEqual(await namesOf(ask("sendto", question(watched)).pid), []);
    assert.deepEqual(await namesOf(ask("sendto", question("a.b.example.org")).pid), ["a.b.example.org"]);
    watch.setPlan({ dns_domains: [watched] });
  });

  test("every datagram to a name server is counted once", () => {
    const [attempted = 0, ...parts] = ["attempted", ...countedParts].map((reason) => watch.count("dns_query", reason));
    assert.ok(attempted > 0);
    assert.equal(
      parts.reduce((sum, part) => sum + part, 0),
      attempted,
    );
  });
});
