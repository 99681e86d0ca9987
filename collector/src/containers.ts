import { type BundleFolders, hostBundleFolders, readBundle, readBundleAt, runtimeKnows } from "./bundle.ts";
import type { CgroupPath, CgroupPaths, HierarchyVersion } from "./cgroup-paths.ts";
import { containerOfPath, idCandidates, type PathContainer, pathOfContainer } from "./container-shape.ts";
import type { ExecRecord, Task } from "./kernel-record.ts";
import { collectorLimits } from "./limits.ts";
import { containerRuntimes, runtimeCall } from "./runtime-call.ts";
import { containerNames, type HostNames, type Names } from "./user-names.ts";

/** What events say about where they happened. Absent is null, and `reason` says why. */
export type Container = {
  /** "host" outside every container; null where it is not known. */
  id: string | null;
  runtime: string | null;
  name: string | null;
  image: string | null;
  privileged: boolean | null;
  namespace: string | null;
  pod: string | null;
  podUid: string | null;
  bundle: string | null;
  reason: string | null;
  /** Where the host sees its root; null where it is not known. */
  rootFolder: string | null;
  /** Its own control group. */
  cgroup: { version: HierarchyVersion; path: string } | null;
};

type Known = Container & { bundleRead: boolean; seenMs: number; bundleWait: Wait } & {
  names: Names | null;
  namesTries: number;
  namesNextMs: number;
};
type GroupTask = Pick<Task, "cgroupIdV2" | "cgroupIdV1" | "pid">;
type Wait = { nextMs: number; pauseMs: number };
/** A cgroup's container; `wait` while it may still turn out to be another. */
type Binding = { container: Known; wait: Wait | null };

/** A runtime writes its state shortly after it made the cgroup; until then a new cgroup may still become a container's. */
const youngMs = 5_000;
const bindingsMax = collectorLimits.cgroupPathsMax;

/** From the cgroup that the kernel saw to the container. Never holds an event: what is not known yet is asked for again. */
export class Containers {
  readonly host: Container;
  readonly #host: Known;
  readonly #paths: CgroupPaths;
  readonly #folders: BundleFolders;
  readonly #hostNames: HostNames;
  readonly #byId = new Map<string, Known>();
  readonly #unread = new Set<Known>();
  readonly #byCgroups = new Map<string, Binding>();
  /** The bundles that runtimes were told to start, by container id. */
  readonly #bundles = new Map<string, string>();
  /** Told of each container that is new, of which more is known now, or that is met in another control group. */
  onNews: (container: Container) => void = () => undefined;

  constructor(paths: CgroupPaths, hostNames: HostNames, folders: BundleFolders = hostBundleFolders) {
    this.#paths = paths;
    this.#hostNames = hostNames;
    this.#folders = folders;
    this.#host = { ...unknown(null), id: "host", bundleRead: true };
    this.host = this.#host;
  }

  get size(): number {
    return this.#byId.size;
  }

  /** Of a control group that no task is known of: its container's names, else its path. */
  nameOf(group: Pick<Task, "cgroupIdV2" | "cgroupIdV1">): string {
    const { id, namespace, pod, name } = this.of({ ...group, pid: 0 });
    const path = this.#paths.get(2, group.cgroupIdV2)?.path ?? this.#paths.get(1, group.cgroupIdV1)?.path;
    const names = [namespace, pod, name].filter((one) => one !== null).join("/");
    const isContainer = id !== null && id !== this.host.id;
    const said = isContainer ? `container ${id.slice(0, 12)}${names === "" ? "" : ` (${names})`}` : (path ?? "unknown");
    return said.slice(0, collectorLimits.groupNameMax);
  }

  /** Every container that is known, those that have ended lately too. */
  all(): Iterable<Container> {
    return this.#byId.values();
  }

  /** The container of a task. The same object comes back for the same container, its fields fill up over time. */
  of(task: GroupTask): Container {
    const key = `${task.cgroupIdV2}/${task.cgroupIdV1}`;
    const now = performance.now();
    let binding = this.#byCgroups.get(key);
    if (binding === undefined || (binding.wait !== null && now >= binding.wait.nextMs)) {
      binding = this.#bind(task, binding?.wait ?? undefined, now);
      if (this.#byCgroups.size >= bindingsMax) forgetOldest(this.#byCgroups);
      this.#byCgroups.set(key, binding);
    }
    return binding.container;
  }

  /**
   * Looks again for what was not there: called after a drain and before its records are taken. A runtime writes its
   * state before the container's first program runs, so what such a program does always finds it.
   */
  refresh(): void {
    const now = performance.now();
    for (const container of this.#unread) {
      if (now >= container.bundleWait.nextMs) this.#readBundle(container, now);
    }
  }

  /** A program was run: one of the host's that makes a container says where its bundle is. A container's own is not heard. */
  heard(record: ExecRecord): void {
    if (!containerRuntimes.has(record.task.comm)) return;
    const call = runtimeCall(record.argv, record.cwd);
    if (call === undefined || this.of(record.task) !== this.#host) return;
    if (this.#bundles.size >= collectorLimits.containersMax) forgetOldest(this.#bundles);
    this.#bundles.set(call.id, call.bundle);
  }

  /** The name of a uid where the task runs, or null. */
  userName(container: Container, task: Task): string | null {
    if (container === this.#host) return this.#hostNames.get(task.uid);
    const known = container as Known;
    if (known.id === null) return null;
    if (known.names === null) this.#readNames(known, task.pid);
    return known.names?.get(task.uid) ?? null;
  }

  /** The first tries follow one another: a container's first processes live for milliseconds, and each may be the last. */
  #readNames(known: Known, pid: number): void {
    const now = performance.now();
    if (known.namesTries >= collectorLimits.userTriesMax && now < known.namesNextMs) return;
    known.namesTries += 1;
    known.namesNextMs = now + collectorLimits.userRetryMs;
    const names = containerNames(pid, this.#hostNames);
    if (names !== "later") known.names = names;
  }

  #bind(task: GroupTask, wait: Wait | undefined, now: number): Binding {
    const ids = [
      [2, task.cgroupIdV2],
      [1, task.cgroupIdV1],
    ] as const;
    let missing: number | undefined;
    let young = false;
    for (const [version, id] of ids) {
      if (id === 0) continue;
      const path = this.#paths.find(version, id, task.pid);
      if (path === undefined) {
        missing = id;
        continue;
      }
      const found = containerOfPath(path.path) ?? this.#byRuntime(path);
      if (found !== undefined) return { container: this.#known(found, path, version), wait: null };
      young ||= path.seenMs !== null && now - path.seenMs < youngMs;
    }
    if (missing !== undefined) {
      return { container: unknown(`the path of cgroup ${missing} is not known`), wait: later(wait, now) };
    }
    return { container: this.#host, wait: young ? later(wait, now) : null };
  }

  /** A container whose id was given to the runtime by hand: by the runtime's files, else by who made the cgroup. */
  #byRuntime(path: CgroupPath): PathContainer | undefined {
    const candidates = idCandidates(path.path);
    for (const { id } of candidates) {
      if (runtimeKnows(this.#folders, id)) return { id, runtime: null, podUid: null };
    }
    const last = candidates.at(-1);
    if (last === undefined || path.madeBy === null || !containerRuntimes.has(path.madeBy)) return undefined;
    return path.path.endsWith(`/${last.id}`) ? { id: last.id, runtime: path.madeBy, podUid: null } : undefined;
  }

  /** The container of that id. An id that somebody chose may come again: a new cgroup of its own is a new container. */
  #known(found: PathContainer, path: CgroupPath, version: HierarchyVersion): Known {
    const there = this.#byId.get(found.id);
    const again = path.seenMs !== null && found.id.length < 64 && path.path.endsWith(`/${found.id}`);
    if (there !== undefined && !again) {
      this.onNews(there);
      return there;
    }
    if (there !== undefined) this.#unread.delete(there);
    const made: Known = {
      ...unknown("the runtime's files about the container are not there"),
      id: found.id,
      runtime: found.runtime,
      podUid: found.podUid,
      cgroup: { version, path: pathOfContainer(path.path, found.id) },
      bundleRead: false,
      seenMs: performance.now(),
    };
    if (this.#byId.size >= collectorLimits.containersMax) this.#forgetContainer();
    this.#byId.set(found.id, made);
    this.#readBundle(made, made.seenMs);
    return made;
  }

  #readBundle(container: Known, now: number): void {
    const id = container.id ?? "";
    const facts =
      readBundle(this.#folders, id) ?? readBundleAt(this.#folders, this.#bundles.get(id), container.runtime);
    if (facts === undefined) {
      this.#unread.add(container);
      // A new container is looked for at every drain, an old one ever more rarely.
      if (now - container.seenMs >= youngMs) container.bundleWait = later(container.bundleWait, now);
      return;
    }
    this.#unread.delete(container);
    const podUid = container.podUid ?? facts.podUid;
    Object.assign(container, facts, { podUid, bundleRead: true });
    this.onNews(container);
  }

  #forgetContainer(): void {
    const oldest = this.#byId.entries().next();
    if (oldest.done) return;
    this.#byId.delete(oldest.value[0]);
    this.#unread.delete(oldest.value[1]);
  }
}

function unknown(reason: string | null): Known {
  return {
    id: null,
    runtime: null,
    name: null,
    image: null,
    privileged: null,
    namespace: null,
    pod: null,
    podUid: null,
    bundle: null,
    reason,
    rootFolder: null,
    cgroup: null,
    bundleRead: true,
    seenMs: 0,
    bundleWait: { nextMs: 0, pauseMs: 0 },
    names: null,
    namesTries: 0,
    namesNextMs: 0,
  };
}

function later(before: Wait | undefined, now: number): Wait {
  const first = before === undefined || before.pauseMs === 0;
  const pauseMs = first
    ? collectorLimits.bundleRetryFirstMs
    : Math.min(before.pauseMs * 2, collectorLimits.bundleRetryLastMs);
  return { nextMs: now + pauseMs, pauseMs };
}

function forgetOldest<K, V>(map: Map<K, V>): void {
  const oldest = map.keys().next();
  if (!oldest.done) map.delete(oldest.value);
}
