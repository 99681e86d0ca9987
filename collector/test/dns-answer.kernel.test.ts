import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { skipUnless } from "../../tools/testing/needs.ts";
import { type AnswerParts, answer, question, wireName } from "./dns-message.ts";
import { KernelWatch } from "./kernel-watch.ts";

// On loopback, at an address that nobody else uses.
const server = `127.54.${process.pid & 0xff}.${1 + ((process.pid >> 8) & 0x3f)}`;
const watched = "bad.atalaya.test";
const asks = { dns_domains: [watched], calls: ["dns_answer"] };
const address = (...bytes: number[]): AnswerParts => ({ type: 1, data: Buffer.from(bytes) });

describe("answers of name servers", { skip: skipUnless("kernel") }, () => {
  let watch: KernelWatch;
  before(async () => {
    watch = await KernelWatch.open(asks);
  });
  after(() => watch.close());

  const resolve = (name: string, found: readonly AnswerParts[], options: { how?: string; message?: Buffer } = {}) => {
    const { how = "sendto", message = answer(name, found) } = options;
    const asked = question(name);
    const given = ["answered", how, server, "53", String(asked.length)];
    const done = watch.run(watch.acts, given, { input: Buffer.concat([asked, message]) });
    assert.equal(done.status, 0, done.stderr);
    return done.pid;
  };
  const answersOf = async (pid: number) => {
    // What a process was told lies in the ring before its end does.
    await watch.first("exit", (record) => record.task.pid === pid);
    return watch.of("dns_answer", (record) => record.task.pid === pid);
  };

  for (const how of ["sendto", "write", "tcp"]) {
    test(`what a process that asked by ${how} was told is its own, once, with the server that told it`, async () => {
      const alias = { type: 5, data: wireName("real.example") };
      const name = wireName("real.example");
      const six = { type: 28, name, data: Buffer.from("fd000000000000000000000000000007", "hex") };
      const found = await answersOf(
        resolve(`www.${watched}`, [alias, { ...address(169, 254, 169, 254), name }, six], { how }),
      );
      assert.equal(found.length, 1);
      const [{ name: asked, type, answers, dstIp, dstPort, protocol, task } = assert.fail()] = found;
      assert.deepEqual([asked, type, protocol], [`www.${watched}`, 1, how === "tcp" ? "tcp" : "udp"]);
      assert.deepEqual(answers, ["real.example", "169.254.169.254", "fd00::7"]);
      assert.deepEqual([dstIp, dstPort, task.comm], [server, 53, "acts"]);
    });
  }

  test("of an answer that is longer than what is captured, the addresses that are whole come", async () => {
    const many = Array.from({ length: 60 }, (_, n) => address(192, 0, 2, n));
    const [found] = await answersOf(resolve(watched, many));
    assert.ok(
      found !== undefined && found.answers.length >= 25 && found.answers.length < 60,
      `${found?.answers.length}`,
    );
    assert.deepEqual(found.answers.slice(0, 2), ["192.0.2.0", "192.0.2.1"]);
  });

  test("an answer under another number, and one about a domain that nobody asks for, stay in the kernel", async () => {
    const forged = answer(watched, [address(192, 0, 2, 1)]);
    forged.writeUInt16BE(0x4321, 0);
    assert.deepEqual(await answersOf(resolve(watched, [], { message: forged })), []);
    assert.deepEqual(await answersOf(resolve("good.atalaya.test", [address(192, 0, 2, 1)])), []);
  });

  test("an answer without an address says that there is none", async () => {
    const [found] = await answersOf(resolve(watched, []));
    assert.deepEqual([found?.name, found?.answers], [watched, []]);
  });

  test("while no rule asks for answers none is looked at, and the questions come all the same", async () => {
    watch.setPlan({ dns_domains: [watched] });
    const before = watch.count("dns_answer", "attempted");
    const pid = resolve(`quiet.${watched}`, [address(192, 0, 2, 1)]);
    assert.deepEqual(await answersOf(pid), []);
    assert.equal(watch.of("dns_query", (record) => record.task.pid === pid).length, 1);
    assert.equal(watch.count("dns_answer", "attempted"), before);
    watch.setPlan(asks);
  });
});
