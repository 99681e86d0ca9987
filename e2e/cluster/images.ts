import { cpSync, existsSync, mkdirSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { mustRun } from "../../simulator/src/run-program.ts";
import type { Place } from "./place.ts";

/** The images that every cluster needs: `localhost/pause:1`, and `localhost/busybox:1` for probes. */
export async function importBaseImages(place: Place): Promise<void> {
  const folder = join(place.folder, "images");
  for (const [name, fill, config] of [
    ["pause", fillPause, ["--config.entrypoint", "/pause"]],
    ["busybox", fillBusybox, ["--config.cmd", "sh", "--config.env", "PATH=/bin"]],
  ] as const) {
    const tar = join(folder, `${name}.tar`);
    if (!existsSync(tar)) {
      const root = join(folder, name);
      rmSync(root, { recursive: true, force: true });
      mkdirSync(root, { recursive: true });
      await fill(root);
      await packImage(root, `localhost/${name}:1`, tar, config);
      rmSync(root, { recursive: true });
    }
    await importImage(place, tar);
  }
}

/** Packs the folder `root` as an image of one layer into `tar`. `config` are arguments of `umoci config`. */
export async function packImage(root: string, name: string, tar: string, config: readonly string[]): Promise<void> {
  const layout = `${tar}.oci`;
  rmSync(layout, { recursive: true, force: true });
  try {
    await mustRun("umoci", ["init", "--layout", layout]);
    await mustRun("umoci", ["new", "--image", `${layout}:one`]);
    await mustRun("umoci", ["insert", "--image", `${layout}:one`, root, "/"], { timeoutMs: 300_000 });
    await mustRun("umoci", ["config", "--image", `${layout}:one`, ...config]);
    rmSync(tar, { force: true });
    await mustRun("skopeo", ["copy", "-q", `oci:${layout}:one`, `docker-archive:${tar}:${name}`], {
      timeoutMs: 300_000,
    });
  } finally {
    rmSync(layout, { recursive: true, force: true });
  }
}

/** Gives the kubelet an image from a tar (docker-archive or OCI archive). */
export async function importImage(place: Place, tar: string): Promise<void> {
  await mustRun("ctr", ["-a", place.socket, "-n", "k8s.io", "images", "import", tar], { timeoutMs: 300_000 });
}

async function fillPause(root: string): Promise<void> {
  const source = fileURLToPath(new URL("pause.c", import.meta.url));
  await mustRun("gcc", ["-static", "-Os", "-s", "-o", join(root, "pause"), source]);
}

async function fillBusybox(root: string): Promise<void> {
  for (const name of ["bin", "etc", "tmp"]) mkdirSync(join(root, name));
  const busybox = existsSync("/bin/busybox") ? "/bin/busybox" : "/usr/bin/busybox";
  cpSync(busybox, join(root, "bin/busybox"));
  const applets = (await mustRun(busybox, ["--list"])).trim().split("\n");
  for (const applet of applets) if (applet !== "busybox") symlinkSync("busybox", join(root, "bin", applet));
  writeFileSync(join(root, "etc/passwd"), "root:x:0:0:root:/root:/bin/sh\n");
}
