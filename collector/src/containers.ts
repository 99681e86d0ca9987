import {
  type BundleFacts,
  type BundleFolders,
  hostBundleFolders,
  readBundle,
  readBundleAt,
  runtimeKnows,
} from "./bundle.ts";
import { type CgroupPath, type CgroupPaths, type HierarchyVersion, youngMs } from "./cgroup-paths.ts";
import { containerOfPath, idCandidates, type PathContainer } from "./container-shape.ts";
import { forgetOldest } from "./forget-oldest.ts";
import type { Owner } from "./kernel/group-owners.ts";
import { startTicks } from "./kernel/proc-snapshot.ts";
import type { CgroupMoveRecord, ExecRecord, Task } from "./kernel-record.ts";
import { collectorLimits } from "./limits.ts";
import { containerRuntimes, runtimeCall } from "./runtime-call.ts";
import { shown } from "./small-file.ts";
import { isStated, statedPath } from "./stated-group.ts";
import { groupsKey } from "./sure-groups.ts";
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
  /** What it has of its host (container-mounts.ts); null where that is not known. */
  mounts: readonly string[] | null;
  reason: string | null;
  /** Where the host sees its root; null where it is not known. */
  rootFolder: string | null;
  /** Its own control group. */
  cgroup: { version: HierarchyVersion; path: string } | null;
};

type Known = Container & { bundleRead: boolean; seenMs: number; bundleWait: Wait; makerUid: number | undefined } & {
  names: Names | null;
  namesTries: number;
  namesNextMs: number;
};
type GroupTask = Pick<Task, "cgroupIdV2" | "cgroupIdV1" | "pid">;
type Wait = { nextMs: number; pauseMs: number };
/** A cgroup's container; `wait` while it may still turn out to be another. */
type Binding = { container: Known; wait: Wait | null };

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
  #retold = 0;
  /** The bundles that runtimes were told to start, and by whom, by container id. */
  readonly #bundles = new Map<string, { bundle: string; uid: number }>();
  /** Told of each container that is new, of which more is known now, or that is met in another control group. */
  onNews: (container: Container) => void = () => undefined;
  /** Told each time that a task is met whose control groups are a container's, or the host's, and will stay so. */
  onSure: (task: GroupTask, key: string, owner: Owner) => void = () => undefined;

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
    return shown(said.slice(0, collectorLimits.groupNameMax));
  }

  /** Every container that is known, those that have ended lately too. */
  all(): Iterable<Container> {
    return this.#byId.values();
  }

  /** A move tells the path of a control group that may be there for longer than the sensor. */
  toldOf({ version, cgroupId, path }: CgroupMoveRecord): void {
    this.#paths.learn(version, cgroupId, path);
  }

  /**
   * Whether a container's process that was moved is outside its container's own control group, whatever the one that it is in
   * is called. By the container's id only where it is not known where that group is, or where the process is.
   */
  hasLeft({ id, cgroup: own }: Container, task: GroupTask): boolean | null {
    const here = own && this.#paths.get(own.version, own.version === 2 ? task.cgroupIdV2 : task.cgroupIdV1)?.path;
    if (own && here) return here !== own.path && !here.startsWith(`${own.path}/`);
    const now = this.of(task).id;
    return now === null ? null : now !== id;
  }

  /** The container of a task. The same object comes back for the same container, its fields fill up over time. */
  of(task: GroupTask): Container {
    const key = groupsKey(task);
    const now = performance.now();
    if (this.#retold !== this.#paths.retold) {
      this.#retold = this.#paths.retold;
      this.#byCgroups.clear();
    }
    let binding = this.#byCgroups.get(key);
    if (binding === undefined || (binding.wait !== null && now >= binding.wait.nextMs)) {
      binding = this.#bind(task, binding?.wait ?? undefined, now);
      if (this.#byCgroups.size >= bindingsMax) forgetOldest(this.#byCgroups);
      this.#byCgroups.set(key, binding);
    }
    if (binding.wait === null) this.onSure(task, key, binding.container === this.#host ? "host" : "container");
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

  /**
   * A program was run: one of the host's that makes a container says where its bundle is. A container's own is not heard, nor
   * another user after root; `home`: the container whose process it is, wherever it has gone since.
   */
  heard(record: ExecRecord, home: Container | null): void {
    if (!containerRuntimes.has(record.task.comm)) return;
    const call = runtimeCall(record.argv, record.cwd);
    if (call === undefined || home !== null || this.of(record.task) !== this.#host) return;
    const { uid } = record.task;
    if (uid !== 0 && this.#bundles.get(call.id)?.uid === 0) return;
    if (this.#bundles.size >= collectorLimits.containersMax) forgetOldest(this.#bundles);
    this.#bundles.set(call.id, { bundle: call.bundle, uid });
  }

  /** The name of a uid where the task runs, or null. */
  userName(container: Container, task: Task): string | null {
    if (container === this.#host) return this.#hostNames.get(task.uid);
    const known = container as Known;
    if (known.id === null) return null;
    if (known.names === null) this.#readNames(known, task);
    return known.names?.get(task.uid) ?? null;
  }

  /** The first tries follow one another: a container's first processes live for milliseconds, and each may be the last. */
  #readNames(known: Known, { pid, startUs }: Task): void {
    const now = performance.now();
    if (known.namesTries >= collectorLimits.userTriesMax && now < known.namesNextMs) return;
    known.namesTries += 1;
    known.namesNextMs = now + collectorLimits.userRetryMs;
    // Before the file is read: the pid may be another's by now, of another container.
    const names = isStill(pid, startUs) ? containerNames(pid, this.#hostNames) : "later";
    if (names !== "later") known.names = names;
  }

  #bind(task: GroupTask, wait: Wait | undefined, now: number): Binding {
    const ids = [
      [2, task.cgroupIdV2],
      [1, task.cgroupIdV1],
    ] as const;
    let missing: number | undefined;
    let unsure: string | undefined;
    let young = false;
    for (const [version, id] of ids) {
      if (id === 0) continue;
      const path = this.#paths.find(version, id, task.pid);
      if (path === undefined) {
        missing = id;
        continue;
      }
      const found = this.#outermost(path);
      if (found !== undefined) return this.#claim(found, path, version, later(wait, now));
      if (isUnsure(path)) unsure ??= path.path;
      young ||= this.#paths.isNew(path, now);
    }
    if (missing !== undefined) {
      return { container: unknown(`the path of cgroup ${missing} is not known`), wait: later(wait, now) };
    }
    if (unsure !== undefined) {
      const reason = `it is not known who made the control group ${shown(unsure.slice(-collectorLimits.groupNameMax))}`;
      return { container: unknown(reason), wait: later(wait, now) };
    }
    return { container: this.#host, wait: young ? later(wait, now) : null };
  }

  /** By the path's shape, or by the runtimes' files where those know one further out: what is below is a container's own. */
  #outermost(path: CgroupPath): PathContainer | undefined {
    const shaped = containerOfPath(path.path);
    for (const { id, path: own } of idCandidates(path.path)) {
      if (shaped !== undefined && own.length >= shaped.path.length) return shaped;
      if (runtimeKnows(this.#folders, id, own)) return { id, runtime: null, podUid: null, path: own };
    }
    return shaped ?? this.#byMaker(path);
  }

  /** A container whose id was given to the runtime by hand, and whose files lie elsewhere: by who made the cgroup. */
  #byMaker({ path, madeBy }: CgroupPath): PathContainer | undefined {
    const last = idCandidates(path).at(-1);
    if (last?.path !== path || madeBy === null || !containerRuntimes.has(madeBy)) return undefined;
    return { id: last.id, runtime: madeBy, podUid: null, path };
  }

  /**
   * The container of that id, which a path names. An id that somebody chose may come again: a new cgroup of its own is a new
   * container. Who bears the name of one that is elsewhere is not it.
   */
  #claim(found: PathContainer, path: CgroupPath, version: HierarchyVersion, wait: Wait): Binding {
    const there = this.#byId.get(found.id);
    const isElsewhere = there?.cgroup?.path !== found.path;
    const again = path.seenMs !== null && found.id.length < 64 && path.path === found.path;
    if (there !== undefined && !isElsewhere && !again) {
      this.onNews(there);
      return { container: there, wait: null };
    }
    const made: Known = {
      ...unknown("the runtime's files about the container are not there"),
      id: found.id,
      runtime: found.runtime,
      podUid: found.podUid,
      cgroup: { version, path: found.path },
      bundleRead: false,
      seenMs: performance.now(),
      makerUid: path.makerUid,
    };
    const facts = this.#factsOf(made);
    const stated = facts?.cgroupsPath ?? null;
    if (this.#isAnothers(found.path, stated, there?.cgroup ?? null)) {
      return { container: unknown("its control group bears the id of a container that is in another"), wait };
    }
    if (there !== undefined) this.#unread.delete(there);
    else if (this.#byId.size >= collectorLimits.containersMax) this.#forgetContainer();
    this.#byId.set(found.id, made);
    this.#learn(made, facts, made.seenMs);
    return { container: made, wait: null };
  }

  /**
   * Whether a container is somewhere else: where its runtime's config says, or else where it was met before (`met`). The right
   * unit or end of a path, which anybody may give to a group of his own, counts only against one that was met and has neither.
   */
  #isAnothers(path: string, stated: string | null, met: Container["cgroup"]): boolean {
    const right = stated === null ? undefined : statedPath(stated);
    if (path === right) return false;
    const isThere = (version: HierarchyVersion, one: string) =>
      one !== path && this.#paths.idOf(version, one) !== undefined;
    if (right !== undefined && (isThere(1, right) || isThere(2, right))) return true;
    if (met === null || !isThere(met.version, met.path)) return false;
    return stated === null || !isStated(path, stated) || isStated(met.path, stated);
  }

  #readBundle(container: Known, now: number): void {
    this.#learn(container, this.#factsOf(container), now);
  }

  /** By the runtimes' files, else by the bundle that root, or who made the cgroup, told a runtime to start. */
  #factsOf({ id, runtime, makerUid }: Known): BundleFacts | undefined {
    const told = this.#bundles.get(id ?? "");
    const bundle = told?.uid === 0 || told?.uid === makerUid ? told?.bundle : undefined;
    return readBundle(this.#folders, id ?? "") ?? readBundleAt(this.#folders, bundle, runtime);
  }

  #learn(container: Known, facts: BundleFacts | undefined, now: number): void {
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

/** The record of its making was lost, and its name may be an id that somebody chose. */
function isUnsure({ path, seenMs, madeBy, makerUid }: CgroupPath): boolean {
  return seenMs !== null && madeBy === null && makerUid === undefined && idCandidates(path).at(-1)?.path === path;
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
    mounts: null,
    reason,
    rootFolder: null,
    cgroup: null,
    bundleRead: true,
    seenMs: 0,
    makerUid: undefined,
    bundleWait: { nextMs: 0, pauseMs: 0 },
    names: null,
    namesTries: 0,
    namesNextMs: 0,
  };
}

function isStill(pid: number, startUs: number): boolean {
  const ticks = startTicks(pid);
  return ticks !== undefined && Math.abs(ticks * 10_000 - startUs) <= 10_000;
}

function later(before: Wait | undefined, now: number): Wait {
  const first = before === undefined || before.pauseMs === 0;
  const pauseMs = first
    ? collectorLimits.bundleRetryFirstMs
    : Math.min(before.pauseMs * 2, collectorLimits.bundleRetryLastMs);
  return { nextMs: now + pauseMs, pauseMs };
}
