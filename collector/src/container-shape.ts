// A cgroup's path names its container. The shapes, as the runtimes write them:
//
//   cgroupfs   /kubepods[/burstable|/besteffort]/pod<uid>/<64 hex>          kubelet with containerd or Docker
//              /kubepods[/…]/pod<uid>/crio-<64 hex>                          kubelet with CRI-O
//              /docker/<64 hex>   /libpod_parent/libpod-<64 hex>   /…/<unit>.service/libpod-payload-<64 hex> (Podman, split)
//   systemd    /kubepods.slice/…/kubepods-burstable-pod<uid with _>.slice/cri-containerd-<64 hex>.scope
//              crio-<id>.scope  docker-<id>.scope  libpod-<id>.scope  nerdctl-<id>.scope  runc-<id>.scope
//   mixed      /…/<slice>:cri-containerd:<id>                                systemd names, cgroupfs driver
//
// The outermost one counts: what is below it was made inside the container, which may write any name there.

/** `path`: of the container's own control group, which holds all that are below. */
export type PathContainer = { id: string; runtime: string | null; podUid: string | null; path: string };

const hexId = /^[0-9a-f]{64}$/;
const scope = /^(cri-containerd|crio|docker|libpod-payload|libpod|nerdctl|runc|crun)-([A-Za-z0-9_+.-]{1,200})\.scope$/;
const sliceColon = /^([^:]*\.slice):([a-z-]+):([A-Za-z0-9_+.-]{1,200})$/;
const prefixed = /^(cri-containerd|crio|docker|libpod-payload|libpod|nerdctl)-([0-9a-f]{64})$/;
const podFolder = /^pod([0-9a-f]{32}|[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})$/;
const podSlice =
  /^(?:[a-z0-9_-]*-)?kubepods(?:-burstable|-besteffort)?-pod([0-9a-f]{32}|[0-9a-f]{8}(?:_[0-9a-f]{4}){3}_[0-9a-f]{12})\.slice$/;
const runtimeNames: Readonly<Record<string, string>> = {
  "cri-containerd": "containerd",
  crio: "cri-o",
  libpod: "podman",
  "libpod-payload": "podman",
};

/** The container that the path's shape names, or undefined. `path` starts at the hierarchy's root. */
export function containerOfPath(path: string): PathContainer | undefined {
  let podUid: string | null = null;
  let previous = "";
  const parts = path.split("/");
  for (const [i, component] of parts.entries()) {
    if (component === "") continue;
    podUid = podUidOf(component) ?? podUid;
    const found = containerOfComponent(component, previous);
    if (found !== undefined) {
      const { id, runtime, slice = "" } = found;
      return { id, runtime, podUid: podUid ?? podUidOf(slice), path: parts.slice(0, i + 1).join("/") };
    }
    previous = component;
  }
  return undefined;
}

type Found = { id: string; runtime: string | null; slice?: string };

function containerOfComponent(component: string, previous: string): Found | undefined {
  if (hexId.test(component)) return { id: component, runtime: previous === "docker" ? "docker" : null };
  const scoped = scope.exec(component);
  // Podman's and CRI-O's monitors run beside the container, on the host.
  if (scoped?.[2] !== undefined && !scoped[2].startsWith("conmon-")) {
    return { id: scoped[2], runtime: runtimeName(scoped[1] ?? "") };
  }
  const mixed = sliceColon.exec(component);
  if (mixed?.[3] !== undefined) {
    return { id: mixed[3], runtime: runtimeName(mixed[2] ?? ""), slice: mixed[1] ?? "" };
  }
  const [, prefix, id] = prefixed.exec(component) ?? [];
  return prefix === undefined || id === undefined ? undefined : { id, runtime: runtimeName(prefix) };
}

function podUidOf(component: string): string | null {
  const uid = podFolder.exec(component)?.[1] ?? podSlice.exec(component)?.[1];
  return uid === undefined ? null : uid.replaceAll("_", "-");
}

function runtimeName(prefix: string): string {
  return Object.hasOwn(runtimeNames, prefix) ? (runtimeNames[prefix] as string) : prefix;
}

const systemdUnit = /\.(slice|scope|service|mount|socket|swap)$/;
const plainId = /^[A-Za-z0-9_+][A-Za-z0-9_+.-]{0,199}$/;

/** Path components that could be an id somebody gave to runc or ctr, outermost first, each with the path that ends with it. */
export function idCandidates(path: string): { id: string; path: string }[] {
  const parts = path.split("/");
  return parts.flatMap((id, i) =>
    plainId.test(id) && !systemdUnit.test(id) ? [{ id, path: parts.slice(0, i + 1).join("/") }] : [],
  );
}
