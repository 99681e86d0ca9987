import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { skipUnless } from "../../tools/testing/needs.ts";
import { buildCollector } from "../build.mjs";
import { answer, question } from "./dns-message.ts";
import { KernelWatch, root } from "./kernel-watch.ts";
import { Printing } from "./printing.ts";

// On loopback, at addresses that nobody else uses.
const low = `${process.pid & 0xff}.${1 + ((process.pid >> 8) & 0x3f)}`;
const [server, target] = [`127.56.${low}`, `127.57.${low}`];
const skip = skipUnless("kernel");

describe("what an address is called", { skip }, () => {
  let watch: KernelWatch;
  before(async () => {
    if (skip !== false) return;
    await buildCollector({ root, log: () => undefined });
    // For its program that asks a name server; what it watches itself is not looked at.
    watch = await KernelWatch.open();
  });
  after(async () => {
    for (const { child } of Printing.all) child.kill("SIGKILL");
    await watch?.close();
  });

  test("who connects to an address after it was looked up has its name told", { timeout: 60_000 }, async () => {
    const calls = ["resolved_names", "dns_answer"].flatMap((call) => ["--watch-call", call]);
    const printing = new Printing("--watch-domain", "atalaya.test", ...calls);
    await printing.ready();
    const message = answer("pool.atalaya.test", [{ type: 1, data: Buffer.from(target.split(".").map(Number)) }]);
    const asked = question("pool.atalaya.test");
    const input = Buffer.concat([asked, message]);
    const { status } = watch.run(watch.acts, ["answered", "sendto", server, "53", String(asked.length)], { input });
    assert.equal(status, 0);
    for (const address of [target, server]) {
      watch.run("bash", ["-c", `exec 3<>/dev/tcp/${address}/9`]);
    }
    const to = (address: string) =>
      printing.lines.find((line) => line["activity"] === "connect" && line["dst_ip"] === address);
    await printing.until(() => to(target) !== undefined && to(server) !== undefined);
    assert.deepEqual(to(target)?.["dst_names"], ["pool.atalaya.test"]);
    assert.equal(to(server)?.["dst_names"], undefined);
    await printing.end();
  });
});
