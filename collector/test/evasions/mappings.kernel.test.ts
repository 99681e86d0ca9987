import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { copyFileSync, existsSync, writeFileSync } from "node:fs";
import { after, before, describe } from "node:test";
import { skipUnless } from "../../../tools/testing/needs.ts";
import { KernelWatch } from "../kernel-watch.ts";
import { built, evasion, eventsOf, perform } from "./evasion.ts";

const loaders = ["/lib64/ld-linux-x86-64.so.2", "/lib/ld-linux-aarch64.so.1"];

describe("evasions by mapped code", { skip: skipUnless("kernel") }, () => {
  let watch: KernelWatch;
  let loader: string;
  before(async () => {
    watch = await KernelWatch.open();
    loader = loaders.find((path) => existsSync(path)) ?? "";
    writeFileSync(`${watch.folder}/library.c`, "int answer = 42; int ask(void) { return answer; }\n");
    const library = ["-shared", "-fPIC", `${watch.folder}/library.c`, "-o", `${watch.folder}/library.so`];
    execFileSync("clang", library);
  });
  after(() => watch.close());
  const scene = () => watch;

  /** Runs a script whose root is an overlay over the machine: /dropped is in its upper layer, /volume on none of them. */
  function inOverlay(script: string) {
    const [merged, above, volume] = ["merged", "above", "volume"].map((name) => watch.makeFolder(name));
    const words = [
      `mount -t tmpfs none ${above} && mkdir ${above}/up ${above}/work`,
      `mount -t overlay overlay -o lowerdir=/,upperdir=${above}/up,workdir=${above}/work ${merged}`,
      `mkdir -p ${merged}/dropped ${merged}/volume && mount --bind ${volume} ${merged}/volume`,
      `cp /bin/true ${watch.folder}/library.so ${merged}/dropped && cp ${watch.folder}/library.so ${merged}/volume`,
      `mkdir ${merged}/old && cd ${merged} && pivot_root . old && cd / && ${script}`,
    ];
    const ran = watch.run("unshare", ["-m", "sh", "-c", words.join(" && ")]);
    if (ran.status !== 0) throw new Error(`${script}: ${ran.stderr}`);
    return ran;
  }

  evasion(14, "`ld.so ./program` tells the program, from a container's upper layer", ["exit_mmap"], scene, async () => {
    const { pid } = inOverlay(`exec ${loader} /dropped/true`);
    const map = await watch.first("map", ({ task, path }) => task.pid === pid && path === "/dropped/true");
    assert.deepEqual([map.upperLayer, map.memfd, map.protection & 4], [true, false, 4]);
    const maps = watch.of("map", ({ task }) => task.pid === pid);
    assert.ok(
      maps.every(({ path }) => path.startsWith("/dropped/")),
      "nothing of the image",
    );
    const event = eventsOf(watch).findLast((one) => one.activity === "map" && one.pid === pid);
    assert.ok(event?.class === "file");
    assert.deepEqual([event.path, event.upper_layer, event.path_trusted], ["/dropped/true", true, true]);
    assert.equal(event.argv?.at(-1), "/dropped/true");
  });

  evasion(14, "LD_PRELOAD tells the library", ["exit_mmap"], scene, async () => {
    const { pid } = inOverlay("LD_PRELOAD=/dropped/library.so exec /bin/true");
    const map = await watch.first("map", ({ task, path }) => task.pid === pid && path === "/dropped/library.so");
    assert.deepEqual([map.upperLayer, map.task.comm], [true, "true"]);
  });

  evasion(
    14,
    "a library on a volume of a container is told, and is none of its layers",
    ["exit_mmap"],
    scene,
    async () => {
      const { pid } = inOverlay("LD_PRELOAD=/volume/library.so exec /bin/true");
      const map = await watch.first("map", ({ task, path }) => task.pid === pid && path === "/volume/library.so");
      assert.equal(map.upperLayer, false);
    },
  );

  evasion(14, "code in memory is told by its name", ["exit_mmap"], scene, async () => {
    const { pid } = perform(watch, "maps", "memory", "/bin/true");
    const map = await watch.first("map", ({ task }) => task.pid === pid);
    assert.deepEqual([map.path, map.memfd, map.upperLayer], ["/memfd:library", true, false]);
  });

  evasion(14, "what is made code after it was mapped is told", ["exit_mprotect"], scene, async () => {
    const program = built(watch, "maps");
    copyFileSync(program, `${watch.makeFolder("volume")}/maps`);
    const { pid } = inOverlay("cp /volume/maps /dropped && exec /dropped/maps protect /dropped/true");
    const map = await watch.first("map", ({ task }) => task.pid === pid);
    assert.deepEqual([map.path, map.protection, map.upperLayer], ["/dropped/true", 5, true]);
  });

  evasion(14, "of a program of the machine nothing is told", ["exit_mmap"], scene, async () => {
    const filtered = watch.count("map", "filtered");
    const { pid } = watch.run("/bin/true", []);
    await watch.first("exec", ({ task }) => task.pid === pid);
    assert.equal(watch.of("map", ({ task }) => task.pid === pid).length, 0);
    assert.ok(watch.count("map", "filtered") > filtered);
  });
});
