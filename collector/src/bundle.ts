import { existsSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { mountsOf } from "./container-mounts.ts";
import { collectorLimits } from "./limits.ts";
import { at, nameAt, readSmallJson, textAt } from "./small-file.ts";
import { isStated } from "./stated-group.ts";

// Where the runtimes leave what they know of a container, on disk before its first process runs:
//
//   containerd  /run/containerd/io.containerd.runtime.v2.task/<namespace>/<id>/config.json   OCI config, CRI annotations
//   CRI-O       /run/containers/storage/overlay-containers/<id>/userdata/config.json         OCI config, annotations
//   Docker      /var/lib/docker/containers/<id>/config.v2.json                               name and image
//   runc        /run/runc/<id>/state.json                                                    label bundle=<folder>

export type BundleFacts = {
  runtime: string;
  bundle: string | null;
  name: string | null;
  image: string | null;
  namespace: string | null;
  pod: string | null;
  podUid: string | null;
  privileged: boolean | null;
  /** container-mounts.ts */
  mounts: readonly string[] | null;
  /** Where the host sees the container's root, by the OCI config. */
  rootFolder: string | null;
  /** Where its control group is, by the OCI config (stated-group.ts). */
  cgroupsPath: string | null;
  /** Why name, image or pod are absent; null when nothing is. */
  reason: string | null;
};

export type BundleFolders = {
  /** Goes before every path that is read: where the host's root is seen. Events carry the paths without it. */
  root: string;
  containerdTasks: readonly string[];
  crioContainers: string;
  dockerContainers: string;
  runc: string;
};

export const hostBundleFolders: BundleFolders = {
  root: "",
  containerdTasks: [
    "/run/containerd/io.containerd.runtime.v2.task",
    "/run/k3s/containerd/io.containerd.runtime.v2.task",
    "/run/docker/containerd/daemon/io.containerd.runtime.v2.task",
  ],
  crioContainers: "/run/containers/storage/overlay-containers",
  dockerContainers: "/var/lib/docker/containers",
  runc: "/run/runc",
};

/**
 * Whether a runtime knows a container of this id now, whose control group that can be: for ids that the path's shape does
 * not give away.
 */
export function runtimeKnows(folders: BundleFolders, id: string, path: string): boolean {
  const isRuncs = existsSync(join(folders.root, folders.runc, id, "state.json"));
  if (!isRuncs && containerdBundle(folders, id) === undefined) return false;
  const stated = readBundle(folders, id)?.cgroupsPath ?? null;
  return stated === null || isStated(path, stated);
}

/** What is on disk about a container, or undefined while nothing is. Reads at most three small files. */
export function readBundle(folders: BundleFolders, id: string): BundleFacts | undefined {
  const containerd = containerdBundle(folders, id);
  if (containerd !== undefined) {
    const config = readJson(folders, containerd.folder, "config.json");
    if (config === undefined) return undefined;
    if (containerd.namespace === "moby") return dockerFacts(folders, id, containerd.folder, config);
    return ociFacts("containerd", containerd.folder, config);
  }
  const crio = join(folders.crioContainers, id, "userdata");
  const crioConfig = readJson(folders, crio, "config.json");
  if (crioConfig !== undefined) return ociFacts("cri-o", crio, crioConfig);
  return runcFacts(folders, id);
}

/** What stands in the bundle that a runtime was told to start, or undefined where there is none. */
export function readBundleAt(
  folders: BundleFolders,
  bundle: string | undefined,
  runtime: string | null,
): BundleFacts | undefined {
  const config = bundle === undefined ? undefined : readJson(folders, bundle, "config.json");
  if (bundle === undefined || config === undefined) return undefined;
  const isShims = bundle.includes("/io.containerd.runtime.v2.task/");
  return ociFacts(isShims ? "containerd" : (runtime ?? "runc"), bundle, config);
}

function containerdBundle(folders: BundleFolders, id: string): { folder: string; namespace: string } | undefined {
  for (const tasks of folders.containerdTasks) {
    for (const namespace of namesIn(join(folders.root, tasks))) {
      const folder = join(tasks, namespace, id);
      if (existsSync(join(folders.root, folder, "config.json"))) return { folder, namespace };
    }
  }
  return undefined;
}

function namesIn(folder: string): string[] {
  try {
    return readdirSync(folder).slice(0, 64);
  } catch {
    return [];
  }
}

function ociFacts(
  runtime: string,
  bundle: string | null,
  config: unknown,
  bundleFolder: string | null = bundle,
): BundleFacts {
  const isCrio = runtime === "cri-o" || (runtime !== "containerd" && managerOf(config) === "cri-o");
  // CRI-O hands on what a pod's author annotated, and then writes its own words over it: containerd's would be the author's.
  const note = (containerds: string, ...crios: string[]) =>
    (isCrio ? crios : [containerds, ...crios]).reduce<string | null>(
      (found, name) => found ?? nameAt(config, "annotations", name),
      null,
    );
  const facts = {
    runtime,
    bundle,
    name: note("io.kubernetes.cri.container-name", "io.kubernetes.container.name"),
    image: note("io.kubernetes.cri.image-name", "io.kubernetes.cri-o.ImageName", "io.kubernetes.cri-o.Image"),
    namespace: note("io.kubernetes.cri.sandbox-namespace", "io.kubernetes.pod.namespace"),
    pod: note("io.kubernetes.cri.sandbox-name", "io.kubernetes.pod.name"),
    podUid: note("io.kubernetes.cri.sandbox-uid", "io.kubernetes.pod.uid"),
    privileged: isPrivileged(config),
    mounts: mountsOf(config),
    rootFolder: rootFolderOf(bundleFolder, config),
    cgroupsPath: cgroupsPathOf(config),
    reason: null,
  };
  const kind = note("io.kubernetes.cri.container-type", "io.kubernetes.cri-o.ContainerType");
  if (facts.name === null && kind === "sandbox") return { ...facts, name: "POD" };
  if (facts.pod !== null) return facts;
  return { ...facts, reason: "the bundle has no annotations that name image or pod" };
}

/** As a whole: a part of it would be another group's. */
function cgroupsPathOf(config: unknown): string | null {
  const path = at(config, "linux", "cgroupsPath");
  return typeof path === "string" && path !== "" ? path : null;
}

/** CRI-O's word for itself, in every container of its. */
function managerOf(config: unknown): string | null {
  return textAt(config, "annotations", "io.container.manager");
}

/** As the specification has it: a path from / on, or from the bundle's folder. */
function rootFolderOf(bundleFolder: string | null, config: unknown): string | null {
  const path = textAt(config, "root", "path");
  if (path === null || path.startsWith("/")) return path;
  return bundleFolder === null ? null : join(bundleFolder, path);
}

function dockerFacts(folders: BundleFolders, id: string, bundleFolder: string, config: unknown): BundleFacts {
  const known = readJson(folders, folders.dockerContainers, id, "config.v2.json");
  return {
    ...ociFacts("docker", null, config, bundleFolder),
    name: nameAt(known, "Name")?.replace(/^\//, "") ?? null,
    image: nameAt(known, "Config", "Image"),
    reason: "Docker knows no pods",
  };
}

function runcFacts(folders: BundleFolders, id: string): BundleFacts | undefined {
  const state = readJson(folders, folders.runc, id, "state.json");
  if (state === undefined) return undefined;
  const labels = at(state, "config", "labels");
  const label = Array.isArray(labels)
    ? labels.find((one): one is string => typeof one === "string" && one.startsWith("bundle="))
    : undefined;
  const bundle = label?.slice("bundle=".length, 4_096) ?? null;
  const config = bundle?.startsWith("/") ? readJson(folders, bundle, "config.json") : undefined;
  if (config === undefined) {
    const reason = "the bundle that runc's state names cannot be read";
    return { ...ociFacts("runc", bundle, {}), privileged: null, reason };
  }
  return ociFacts("runc", bundle, config);
}

/** As `privileged: true` makes it: every device may be used, and SYS_ADMIN is within reach. */
function isPrivileged(config: unknown): boolean | null {
  const bounding = at(config, "process", "capabilities", "bounding");
  if (at(config, "process") === undefined) return null;
  if (!Array.isArray(bounding) || !bounding.includes("CAP_SYS_ADMIN")) return false;
  const devices = at(config, "linux", "resources", "devices");
  if (!Array.isArray(devices)) return false;
  return devices.some((device) => {
    const kind = at(device, "type") ?? "a";
    return at(device, "allow") === true && kind === "a" && at(device, "major") === undefined;
  });
}

function readJson(folders: BundleFolders, ...path: string[]): unknown {
  return readSmallJson(join(folders.root, ...path), collectorLimits.bundleBytesMax);
}
