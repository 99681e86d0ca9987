import { Fault, type PodLabels, podLabelsLimits } from "@atalaya/wire";
import type { NodeKey } from "../ledger/node-account.ts";

/** Of a pod that runs: where, and those of its labels that were asked for. */
export type LabelledPod = { cluster: string; node: string; uid: string; labels: Record<string, string> };

/** For whom the labels are that a workspace's policies ask for: its nodes, or this hub's own decisions. */
export type LabelKeys = { node: ReadonlySet<string>; hub: ReadonlySet<string> };

/** `leftOut`: how many more run than are read. */
export type ReadPods = { pods: LabelledPod[]; leftOut: number };
/** By cluster, and in it by uid: what one cluster tells of a uid is nothing about another's. */
export type LabelsByCluster = ReadonlyMap<string, ReadonlyMap<string, PodLabels>>;

export type PodLabelTableOptions = {
  /** Reads what the inventory knows. */
  read(workspaceId: string, keys: readonly string[]): Promise<ReadPods>;
  /** A node is to know others than before. */
  changed(of: NodeKey): void;
  /** What this hub's decisions are to know. */
  told(workspaceId: string, labels: LabelsByCluster): void;
  failed(error: unknown): void;
};

type Nodes = Map<string, { of: NodeKey; pods: Record<string, PodLabels>; text: string }>;
/** `known`: the labels that were asked for when it was read last; `failure`: why it could not be read since. */
type Workspace = {
  keys: LabelKeys;
  known: LabelKeys;
  nodes: Nodes;
  told: string;
  isStale: boolean;
  leftOut: number;
  failure: unknown;
};

const noKeys: LabelKeys = { node: new Set(), hub: new Set() };

/**
 * The labels of pods, as far as the policies of their workspaces ask for them: read again after the inventory changed, and
 * given to each node for its own pods alone. A node that has more of them than fit into its state does not know the rest, and of
 * a pod with a label that no Kubernetes has, the labels are not known.
 */
export class PodLabelTable {
  readonly #options: PodLabelTableOptions;
  readonly #workspaces = new Map<string, Workspace>();
  #reading: Promise<void> | undefined;
  constructor(options: PodLabelTableOptions) {
    this.#options = options;
  }

  /** Pods whose labels are not known though policies ask for them, when they were read last. */
  get leftOut(): number {
    return this.#workspaces.values().reduce((sum, { leftOut }) => sum + leftOut, 0);
  }

  /** What the policies of a workspace ask for now. */
  ask(workspaceId: string, keys: LabelKeys): void {
    const known = this.#workspaces.get(workspaceId);
    if (known === undefined && keys.node.size + keys.hub.size === 0) return;
    if (known !== undefined && isSame(known.keys, keys)) return;
    const none = { known: noKeys, nodes: new Map(), told: "", leftOut: 0, failure: undefined };
    this.#workspaces.set(workspaceId, Object.assign(known ?? none, { keys, isStale: true }));
  }

  /** The inventory of a workspace changed. */
  touched(workspaceId: string): void {
    const workspace = this.#workspaces.get(workspaceId);
    if (workspace !== undefined) workspace.isStale = true;
  }

  /** By uid, of the pods of that node; undefined where no policy asks a node for any. */
  of({ workspaceId, cluster, node }: NodeKey): Readonly<Record<string, PodLabels>> | undefined {
    const workspace = this.#workspaces.get(workspaceId);
    if (workspace === undefined || workspace.keys.node.size === 0) return undefined;
    return workspace.nodes.get(`${cluster}\n${node}`)?.pods ?? {};
  }

  /** To be called once a second: reads what is stale. Resolves when that is done. */
  tick(): Promise<void> {
    this.#reading ??= this.#readStale().finally(() => {
      this.#reading = undefined;
    });
    return this.#reading;
  }

  /** Resolves when what is stale now was read, or could not be. */
  async readAll(): Promise<void> {
    await this.#reading;
    await this.tick();
  }

  /** Resolves when these labels, which were asked for, are known. Throws a Fault when they could not be read. */
  async read(workspaceId: string, keys: LabelKeys): Promise<void> {
    await this.readAll();
    const { known = noKeys, failure } = this.#workspaces.get(workspaceId) ?? {};
    if (covers(known, keys)) return;
    const message = "The labels that the policy asks for could not be read, and nothing was changed; try again.";
    throw new Fault("STORE_UNREACHABLE", message, {}, failure);
  }

  async #readStale(): Promise<void> {
    for (const [workspaceId, workspace] of this.#workspaces) {
      if (!workspace.isStale) continue;
      workspace.isStale = false;
      // Others may be asked for while these are read.
      const { keys } = workspace;
      try {
        const all = [...new Set([...keys.node, ...keys.hub])];
        const read = all.length === 0 ? { pods: [], leftOut: 0 } : await this.#options.read(workspaceId, all);
        this.#take(workspaceId, workspace, keys, read);
      } catch (error) {
        workspace.isStale = true;
        workspace.failure = error;
        this.#options.failed(error);
      }
    }
  }

  #take(workspaceId: string, workspace: Workspace, keys: LabelKeys, read: ReadPods): void {
    const pods = read.pods.filter(({ labels }) => isPossible(labels));
    const { nodes, leftOut } = byNode(workspaceId, keys.node, pods);
    workspace.leftOut = read.leftOut + (read.pods.length - pods.length) + leftOut;
    const before = workspace.nodes;
    workspace.nodes = nodes;
    workspace.known = keys;
    workspace.failure = undefined;
    for (const [key, { of, text }] of nodes) if (text !== (before.get(key)?.text ?? "{}")) this.#options.changed(of);
    for (const [key, { of, text }] of before) if (!nodes.has(key) && text !== "{}") this.#options.changed(of);
    const told = byCluster(keys.hub, pods);
    const text = JSON.stringify([...told].map(([cluster, labels]) => [cluster, [...labels]]));
    if (text !== workspace.told && (told.size > 0 || workspace.told !== "")) this.#options.told(workspaceId, told);
    workspace.told = text;
  }
}

function byNode(workspaceId: string, keys: ReadonlySet<string>, pods: readonly LabelledPod[]) {
  const nodes: Nodes = new Map();
  const chars = new Map<string, number>();
  let leftOut = 0;
  if (keys.size === 0) return { nodes, leftOut };
  for (const { cluster, node, uid, labels } of pods) {
    const key = `${cluster}\n${node}`;
    const entry = nodes.get(key) ?? { of: { workspaceId, cluster, node }, pods: {}, text: "" };
    nodes.set(key, entry);
    const known = only(keys, labels);
    const size = (chars.get(key) ?? 0) + uid.length + JSON.stringify(known).length + 4;
    const isFull = Object.keys(entry.pods).length >= podLabelsLimits.podsMax || size > podLabelsLimits.charsMax;
    if (isFull || uid.length > podLabelsLimits.uidCharsMax) leftOut += 1;
    else {
      entry.pods[uid] = known;
      chars.set(key, size);
    }
  }
  for (const entry of nodes.values()) entry.text = JSON.stringify(entry.pods);
  return { nodes, leftOut };
}

function byCluster(keys: ReadonlySet<string>, pods: readonly LabelledPod[]): LabelsByCluster {
  const told = new Map<string, Map<string, PodLabels>>();
  for (const { cluster, uid, labels } of pods) {
    const known = only(keys, labels);
    if (Object.keys(known).length === 0) continue;
    const ofCluster = told.get(cluster) ?? new Map<string, PodLabels>();
    told.set(cluster, ofCluster.set(uid, known));
  }
  return told;
}

/** Whether each value is one that a Kubernetes takes: else a node would understand none of its pods' labels. */
function isPossible(labels: PodLabels): boolean {
  return Object.values(labels).every((value) => value.length <= podLabelsLimits.valueCharsMax);
}

function only(keys: ReadonlySet<string>, labels: Readonly<Record<string, string>>): PodLabels {
  return Object.fromEntries(Object.entries(labels).filter(([key]) => keys.has(key)));
}

function covers(known: LabelKeys, { node, hub }: LabelKeys): boolean {
  return [...node].every((key) => known.node.has(key)) && [...hub].every((key) => known.hub.has(key));
}

function isSame(one: LabelKeys, other: LabelKeys): boolean {
  const text = ({ node, hub }: LabelKeys) => JSON.stringify([[...node].sort(), [...hub].sort()]);
  return text(one) === text(other);
}
