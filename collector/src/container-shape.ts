// A cgroup's path names its container. The shapes, as the runtimes write them:
//
//   cgroupfs   /kubepods[/burstable|/besteffort]/pod<uid>/<64 hex>          kubelet with any runtime
//              /docker/<64 hex>   /libpod_parent/libpod-<64 hex>
//   systemd    /kubepods.slice/…/kubepods-burstable-pod<uid with _>.slice/cri-containerd-<64 hex>.scope
//              crio-<id>.scope  docker-<id>.scope  libpod-<id>.scope  nerdctl-<id>.scope  runc-<id>.scope
//   mixed      /…/<slice>:cri-containerd:<id>                                systemd names, cgroupfs driver
//
// The outermost one counts: what is below it was made inside the container, which may write any name there.

export type PathContainer = { id: string; runtime: string | null; podUid: string | null };

const hexId = /^[0-9a-f]{64}$/;
const scope = /^(cri-containerd|crio|docker|libpod|nerdctl|runc|crun)-([A-Za-z0-9_+.-]{1,200})\.scope$/;
const sliceColon = /^([^:]*\.slice):([a-z-]+):([A-Za-z0-9_+.-]{1,200})$/;
const libpodFolder = /^libpod-([0-9a-f]{64})$/;
const podFolder = /^pod([0-9a-f]{32}|[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})$/;
const podSlice =
  /^(?:[a-z0-9_-]*-)?kubepods(?:-burstable|-besteffort)?-pod([0-9a-f]{32}|[0-9a-f]{8}(?:_[0-9a-f]{4}){3}_[0-9a-f]{12})\.slice$/;
const runtimeNames: Readonly<Record<string, string>> = {
  "cri-containerd": "containerd",
  crio: "cri-o",
  libpod: "podman",
};

/** The container that the path's shape names, or undefined. `path` starts at the hierarchy's root. */
export function containerOfPath(path: string): PathContainer | undefined {
  let podUid: string | null = null;
  let previous = "";
  for (const component of path.split("/")) {
    if (component === "") continue;
    podUid = podUidOf(component) ?? podUid;
    const found = containerOfComponent(component, previous);
    if (found !== undefined)
      return { id: found.id, runtime: found.runtime, podUid: podUid ?? podUidOf(found.slice ?? "") };
    previous = component;
  }
  return undefined;
}

/** The control group of the container with that id: the outermost one that bears it, so that it holds all that is below. */
export function pathOfContainer(path: string, id: string): string {
  const parts = path.split("/");
  const own = parts.findIndex(
    (part) => part === id || part.endsWith(`-${id}.scope`) || part === `libpod-${id}` || part.endsWith(`:${id}`),
  );
  return own < 0 ? path : parts.slice(0, own + 1).join("/");
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
  const podman = libpodFolder.exec(component);
  return podman?.[1] === undefined ? undefined : { id: podman[1], runtime: "podman" };
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

/** Path components that could be an id somebody gave to runc or ctr, each with the component before it. */
export function idCandidates(path: string): { id: string; previous: string }[] {
  const found: { id: string; previous: string }[] = [];
  let previous = "";
  for (const component of path.split("/")) {
    if (plainId.test(component) && !systemdUnit.test(component)) found.push({ id: component, previous });
    if (component !== "") previous = component;
  }
  return found;
}
