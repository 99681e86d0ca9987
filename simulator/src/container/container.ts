import { randomBytes } from "node:crypto";
import { mkdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { limits } from "../limits.ts";
import { mountOverlay, unmountBelow } from "../mounts.ts";
import type { Network } from "../network/network.ts";
import type { RunFolder } from "../run-folder.ts";
import type { ProgramResult } from "../run-program.ts";
import { type BindMount, ociConfig } from "./oci-config.ts";
import type { ContainerRuntime, ExecOptions } from "./runtime.ts";

export type ContainerOptions = {
  runtime: ContainerRuntime;
  folder: RunFolder;
  /** 64 hexadecimal digits, as runtimes give; made up when absent. */
  id?: string;
  /** The image: a folder that is only read. */
  root: string;
  /** Fills the image's last layer, before the container is made. */
  writeLayer?: (layer: string) => void;
  network?: Network | undefined;
  hostname?: string;
  args: string[];
  env?: string[];
  binds?: BindMount[];
  annotations?: Record<string, string>;
};

/** A running container. `upper` holds what it wrote: the overlay's writable layer. */
export type Container = { id: string; pid: number; bundle: string; upper: string; runtime: ContainerRuntime };

export function newContainerId(): string {
  return randomBytes(32).toString("hex");
}

/** Starts a container on an overlay over `root`. What it made is removed again when it does not start. */
export async function startContainer(options: ContainerOptions): Promise<Container> {
  const id = options.id ?? newContainerId();
  const bundle = join(containersFolder(options.folder), id);
  const [layer, upper, work, rootfs] = ["layer", "upper", "work", "rootfs"].map((name) => join(bundle, name)) as [
    string,
    string,
    string,
    string,
  ];
  for (const folder of [layer, upper, work, rootfs]) mkdirSync(folder, { recursive: true, mode: 0o755 });
  try {
    options.writeLayer?.(layer);
    await mountOverlay(rootfs, [layer, options.root], upper, work);
    const config = ociConfig({
      id,
      rootfs,
      args: options.args,
      env: ["PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", ...(options.env ?? [])],
      hostname: options.hostname ?? id.slice(0, 12),
      networkPath: options.network?.path,
      binds: options.binds ?? [],
      annotations: options.annotations ?? {},
      memoryBytes: limits.containerMemoryBytes,
      processes: limits.containerProcesses,
    });
    writeFileSync(join(bundle, "config.json"), JSON.stringify(config, null, 2));
    const pid = await options.runtime.start(id, bundle);
    return { id, pid, bundle, upper, runtime: options.runtime };
  } catch (error) {
    await removeBundle(options.runtime, id, bundle);
    throw error;
  }
}

/** Runs a program in a container; resolves with its exit status and output, whatever the status is. */
export function execInContainer(container: Container, args: string[], options?: ExecOptions): Promise<ProgramResult> {
  return container.runtime.exec(container.id, args, options);
}

/** Kills a container and removes all of it. */
export async function removeContainer(container: Container): Promise<void> {
  await removeBundle(container.runtime, container.id, container.bundle);
}

/** Where the bundles of a run lie, each under its container's id. */
export function containersFolder(folder: RunFolder): string {
  return join(folder.path, "containers");
}

export async function removeBundle(runtime: ContainerRuntime, id: string, bundle: string): Promise<void> {
  await runtime.remove(id);
  await unmountBelow(bundle);
  rmSync(bundle, { recursive: true, force: true });
}
