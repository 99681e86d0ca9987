import assert from "node:assert/strict";
import { execFileSync, spawnSync } from "node:child_process";
import { once } from "node:events";
import {
  chmodSync,
  copyFileSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { skipUnless } from "../../tools/testing/needs.ts";
import { buildCollector } from "../build.mjs";
import { root } from "./kernel-watch.ts";
import { type Line, Printing } from "./printing.ts";

// The collector as a process of its own, printing lines, and real runc containers with a busybox root.

const skip = skipUnless("kernel", "containers");
const folder = mkdtempSync(join(tmpdir(), "atalaya-runc-"));
const secret = "M4rk3rS3cr3tV4lue";

function makeBundle(name: string, script: string, change: (config: Spec) => void = () => {}): string {
  const bundle = join(folder, name);
  for (const part of ["bin", "etc", "proc", "dev", "sys", "tmp"])
    mkdirSync(join(bundle, "rootfs", part), { recursive: true });
  copyFileSync("/bin/busybox", join(bundle, "rootfs", "bin", "busybox"));
  chmodSync(join(bundle, "rootfs", "bin", "busybox"), 0o755);
  for (const applet of ["sh", "cat", "sleep", "curl"]) symlinkSync("busybox", join(bundle, "rootfs", "bin", applet));
  writeFileSync(join(bundle, "rootfs", "etc", "passwd"), "root:x:0:0::/:/bin/sh\ninsider:x:4711:4711::/:/bin/sh\n");
  writeFileSync(join(bundle, "rootfs", "etc", "shadow"), "insider:!::\n");
  execFileSync("runc", ["spec"], { cwd: bundle });
  const config = JSON.parse(readFileSync(join(bundle, "config.json"), "utf8")) as Spec;
  config.process.terminal = false;
  config.process.args = ["/bin/sh", "-c", script];
  config.process.user = { uid: 4711, gid: 4711 };
  change(config);
  writeFileSync(join(bundle, "config.json"), JSON.stringify(config));
  return bundle;
}

type Spec = {
  mounts: unknown[];
  annotations?: Record<string, string>;
  process: { terminal: boolean; args: string[]; user: { uid: number; gid: number } };
};

function textsOf(line: Line | undefined, column: string): string[] {
  const value = line?.[column];
  return Array.isArray(value) ? value.map(String) : [];
}

function run(id: string, bundle: string): void {
  const { status, stderr } = spawnSync("runc", ["run", "-b", bundle, id], {
    stdio: ["ignore", "ignore", "pipe"],
    encoding: "utf8",
  });
  assert.equal(status, 0, stderr);
}

describe("the collector on real containers", { skip }, () => {
  before(async () => {
    if (skip === false) await buildCollector({ root, log: () => undefined });
  });
  after(() => {
    for (const { child } of Printing.all) child.kill("SIGKILL");
    rmSync(folder, { recursive: true, force: true });
  });

  test("the first program of a container tells what it has of its host", { timeout: 60_000 }, async () => {
    const printing = new Printing("--watch-call", "container_mounts");
    await printing.ready();
    const bundle = makeBundle("mounting", "exec sleep 0.2", ({ mounts }) => {
      mounts.push({ destination: "/tmp", type: "bind", source: folder, options: ["rbind", "ro"] });
    });
    const id = `atalaya-mounting-${process.pid}`;
    run(id, bundle);
    const isFirst = (line: Line) => line["ns_pid"] === 1 && textsOf(line, "argv")[0] === "/bin/sh";
    await printing.until(() => printing.find(id, "exec", isFirst) !== undefined);
    assert.deepEqual(textsOf(printing.find(id, "exec", isFirst), "container_mounts"), [folder, "/tmp", "ro"]);
    await printing.end();
  });

  test("a bare runc container has its id, bundle and user from its first program on", { timeout: 60_000 }, async () => {
    const printing = new Printing("--watch", "shadow");
    await printing.ready();
    const bundle = makeBundle("first", `cat /etc/shadow; cat /dev/null --password=${secret}; sleep 0.2`);
    const id = `atalaya-first-${process.pid}`;
    run(id, bundle);
    await printing.until(() => printing.find(id, "exit", (line) => line["ns_pid"] === 1) !== undefined);
    const shell = printing.find(id, "exec", (line) => line["ns_pid"] === 1 && line["name"] === "sh");
    assert.ok(shell !== undefined, "the shell's start is there");
    assert.deepEqual(
      [
        shell["container_bundle"],
        shell["container_runtime"],
        shell["user_name"],
        shell["uid"],
        shell["container_privileged"],
      ],
      [bundle, "runc", "insider", 4711, false],
    );
    assert.equal(shell["container_reason"], "the bundle has no annotations that name image or pod");
    assert.ok(textsOf(shell, "ancestor_names").includes("runc"));
    const file = printing.find(id, "open", (line) => line["path"] === "/etc/shadow");
    assert.ok(file !== undefined, "the file's opening is there");
    assert.equal(textsOf(file, "ancestor_exe_paths")[0], "/bin/busybox");
    assert.ok(!JSON.stringify(printing.lines).includes(secret), "no secret is printed");
    // Nothing is pinned: the kernel waits for a grace period with each of the fifty programs that is detached.
    assert.ok((await printing.end()) < 6_000);
  });

  test("annotations of a bundle name pod, namespace, image and container", { timeout: 60_000 }, async () => {
    const printing = new Printing();
    await printing.ready();
    const bundle = makeBundle("annotated", "sleep 0.1", (config) => {
      config.annotations = {
        "io.kubernetes.cri.container-name": "web",
        "io.kubernetes.cri.image-name": "registry/web:1",
        "io.kubernetes.cri.sandbox-name": "web-0",
        "io.kubernetes.cri.sandbox-namespace": "shop",
      };
    });
    const id = `atalaya-annotated-${process.pid}`;
    run(id, bundle);
    await printing.until(() => printing.find(id, "exit", (line) => line["ns_pid"] === 1) !== undefined);
    const shell = printing.find(id, "exec", (line) => line["ns_pid"] === 1 && line["name"] === "sh");
    assert.deepEqual(
      [
        shell?.["k8s_namespace"],
        shell?.["k8s_pod"],
        shell?.["container_image"],
        shell?.["container_name"],
        shell?.["container_reason"],
      ],
      ["shop", "web-0", "registry/web:1", "web", undefined],
    );
    await printing.end();
  });

  test("a container that ran before the collector is known, and so are its processes", {
    timeout: 60_000,
  }, async () => {
    const bundle = makeBundle("before", "while [ ! -e /dev/shm/go ]; do sleep 0.05; done; cat /etc/shadow; true");
    const id = `atalaya-before-${process.pid}`;
    execFileSync("runc", ["run", "-d", "-b", bundle, id], { stdio: "ignore" });
    try {
      const printing = new Printing("--watch", "shadow", "--container", id);
      await printing.ready();
      execFileSync("runc", ["exec", id, "/bin/sh", "-c", ": > /dev/shm/go"], { stdio: "ignore" });
      await printing.until(() => printing.find(id, "open", (line) => line["path"] === "/etc/shadow") !== undefined);
      const file = printing.find(id, "open", (line) => line["path"] === "/etc/shadow");
      assert.deepEqual([file?.["container_bundle"], file?.["user_name"]], [bundle, "insider"]);
      assert.deepEqual(textsOf(file, "argv"), ["cat", "/etc/shadow"]);
      assert.equal(
        textsOf(file, "ancestor_cmdlines")[0],
        "/bin/sh -c while [ ! -e /dev/shm/go ]; do sleep 0.05; done; cat /etc/shadow; true",
        JSON.stringify(file),
      );
      assert.ok(printing.lines.every((line) => line["container_id"] === id));
      await printing.end();
    } finally {
      spawnSync("runc", ["delete", "-f", id]);
    }
  });

  test("when the reader of its lines goes away it ends quietly", { timeout: 60_000 }, async () => {
    const printing = new Printing();
    await printing.ready();
    const ended = once(printing.child, "exit");
    printing.child.stdout?.destroy();
    for (let i = 0; i < 20 && printing.child.exitCode === null; i++) spawnSync("/bin/true");
    const [status] = await ended;
    assert.equal(status, 0);
    assert.ok(!/Error|EPIPE/.test(printing.errors), printing.errors);
  });
});
