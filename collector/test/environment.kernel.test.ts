import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { skipUnless } from "../../tools/testing/needs.ts";
import { KernelWatch } from "./kernel-watch.ts";

const plain = (count: number, length = 20): Record<string, string> =>
  Object.fromEntries(Array.from({ length: count }, (_, i) => [`PLAIN_${i}`, "x".repeat(length)]));

describe("the environment of programs that are started", { skip: skipUnless("kernel") }, () => {
  let watch: KernelWatch;
  before(async () => {
    watch = await KernelWatch.open({ calls: ["exec_env"] });
  });
  after(() => watch.close());

  async function started(env: Record<string, string>, args: string[] = []) {
    const { pid } = watch.run("/bin/true", args, { env });
    const { env: told, envCut } = await watch.first("exec", ({ task }) => task.pid === pid);
    return { told, envCut };
  }

  test("of many variables those are told that load code", async () => {
    const env = { ...plain(20), LD_PRELOAD: "/tmp/l.so", NOT_LD_PRELOAD: "x", LD_PRELOADED: "x", PATH: "/bin" };
    assert.deepEqual(await started(env), { told: ["LD_PRELOAD=/tmp/l.so"], envCut: false });
  });

  test("at any place, the first and the last too, and with long arguments before them", async () => {
    for (let before = 0; before < 9; before++) {
      const env = { LD_AUDIT: "/a", A: "b".repeat(before), NODE_OPTIONS: "--require /tmp/x.js", Z: "", BASH_ENV: "/b" };
      const { told } = await started(env, ["x".repeat(5_000 + before)]);
      assert.deepEqual(told, ["LD_AUDIT=/a", "NODE_OPTIONS=--require /tmp/x.js", "BASH_ENV=/b"]);
    }
  });

  test("of a long environment the head and the tail are looked at, and it is said that there is more", async () => {
    const env = { LD_PRELOAD: "/head.so", ...plain(100, 1_000), LD_LIBRARY_PATH: "/tail" };
    assert.deepEqual(await started(env), { told: ["LD_PRELOAD=/head.so", "LD_LIBRARY_PATH=/tail"], envCut: true });
    const twoParts = { LD_PRELOAD: "/head.so", ...plain(6, 1_000), LD_LIBRARY_PATH: "/tail" };
    assert.deepEqual(await started(twoParts), {
      told: ["LD_PRELOAD=/head.so", "LD_LIBRARY_PATH=/tail"],
      envCut: false,
    });
  });

  test("a value that is too long is cut, and more than eight are said to be more", async () => {
    const long = await started({ LD_PRELOAD: `/${"l".repeat(400)}` });
    assert.deepEqual([long.told?.length, long.told?.[0]?.length, long.envCut], [1, 255, true]);
    const names =
      "LD_PRELOAD LD_AUDIT LD_LIBRARY_PATH GLIBC_TUNABLES GCONV_PATH NODE_OPTIONS BASH_ENV PERL5OPT RUBYOPT";
    const many = await started(Object.fromEntries(names.split(" ").map((name) => [name, "x"])));
    assert.deepEqual([many.told?.length, many.envCut], [8, true]);
  });

  test("a program without any is told as it always was, and nobody gets them unasked", async () => {
    assert.deepEqual(await started({}), { told: [], envCut: false });
    assert.deepEqual(await started(plain(30)), { told: [], envCut: false });
    watch.setPlan({});
    assert.deepEqual(await started({ LD_PRELOAD: "/tmp/l.so" }), { told: [], envCut: false });
    assert.equal(watch.undecodable, 0);
  });
});
