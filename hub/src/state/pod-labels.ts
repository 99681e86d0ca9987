import { type PodLabels, podLabelsLimits } from "@atalaya/wire";
import type { NodeKey } from "../ledger/node-account.ts";

/** Of a pod that runs: where, and those of its labels that were asked for. */
export type LabelledPod = { cluster: string; node: string; uid: string; labels: Record<string, string> };

/** For whom the labels are that a workspace's policies ask for: its nodes, or this hub's own decisions. */
export type LabelKeys = { node: ReadonlySet<string>; hub: ReadonlySet<string> };

export type PodLabelTableOptions = {
  /** Reads what the inventory knows. */
  read(workspaceId: string, keys: readonly string[]): Promise<LabelledPod[]>;
  /** A node is to know others than before. */
  changed(of: NodeKey): void;
  /** What this hub's decisions are to know, by uid. */
  told(workspaceId: string, labels: [uid: string, labels: PodLabels][]): void;
  failed(error: unknown): void;
};

type Nodes = Map<string, { of: NodeKey; pods: Record<string, PodLabels>; text: string }>;
type Workspace = { keys: LabelKeys; nodes: Nodes; told: string; isStale: boolean };

/**
 * The labels of pods, as far as the policies of their workspaces ask for them: read again after the inventory changed, and
 * given to each node for its own pods alone. A node that has more of them than fit into its state does not know the rest.
 */
export class PodLabelTable {
  readonly #options: PodLabelTableOptions;
  readonly #workspaces = new Map<string, Workspace>();
  #reading: Promise<void> | undefined;
  /** Pods whose labels did not fit into their node's state, when they were read last. */
  leftOut = 0;

  constructor(options: PodLabelTableOptions) {
    this.#options = options;
  }

  /** What the policies of a workspace ask for now. */
  ask(workspaceId: string, keys: LabelKeys): void {
    const known = this.#workspaces.get(workspaceId);
    if (known === undefined && keys.node.size + keys.hub.size === 0) return;
    if (known !== undefined && isSame(known.keys, keys)) return;
    const made = known ?? { keys, nodes: new Map(), told: "", isStale: true };
    this.#workspaces.set(workspaceId, Object.assign(made, { keys, isStale: true }));
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
  async read(): Promise<void> {
    await this.#reading;
    await this.tick();
  }

  async #readStale(): Promise<void> {
    for (const [workspaceId, workspace] of this.#workspaces) {
      if (!workspace.isStale) continue;
      workspace.isStale = false;
      try {
        const keys = [...new Set([...workspace.keys.node, ...workspace.keys.hub])];
        const pods = keys.length === 0 ? [] : await this.#options.read(workspaceId, keys);
        this.#take(workspaceId, workspace, pods);
      } catch (error) {
        workspace.isStale = true;
        this.#options.failed(error);
      }
    }
  }

  #take(workspaceId: string, workspace: Workspace, pods: readonly LabelledPod[]): void {
    const nodes = this.#byNode(workspaceId, workspace.keys.node, pods);
    const before = workspace.nodes;
    workspace.nodes = nodes;
    for (const [key, { of, text }] of nodes) if (text !== (before.get(key)?.text ?? "{}")) this.#options.changed(of);
    for (const [key, { of, text }] of before) if (!nodes.has(key) && text !== "{}") this.#options.changed(of);
    const told = pods.flatMap(({ uid, labels }): [string, PodLabels][] => {
      const known = only(workspace.keys.hub, labels);
      return Object.keys(known).length === 0 ? [] : [[uid, known]];
    });
    const text = JSON.stringify(told);
    if (text !== workspace.told && (told.length > 0 || workspace.told !== "")) this.#options.told(workspaceId, told);
    workspace.told = text;
  }

  #byNode(workspaceId: string, keys: ReadonlySet<string>, pods: readonly LabelledPod[]): Nodes {
    const nodes: Nodes = new Map();
    const chars = new Map<string, number>();
    this.leftOut = 0;
    if (keys.size === 0) return nodes;
    for (const { cluster, node, uid, labels } of pods) {
      const key = `${cluster}\n${node}`;
      const entry = nodes.get(key) ?? { of: { workspaceId, cluster, node }, pods: {}, text: "" };
      nodes.set(key, entry);
      const known = only(keys, labels);
      const size = (chars.get(key) ?? 0) + uid.length + JSON.stringify(known).length + 4;
      const isFull = Object.keys(entry.pods).length >= podLabelsLimits.podsMax || size > podLabelsLimits.charsMax;
      if (isFull || uid.length > podLabelsLimits.uidCharsMax) this.leftOut += 1;
      else {
        entry.pods[uid] = known;
        chars.set(key, size);
      }
    }
    for (const entry of nodes.values()) entry.text = JSON.stringify(entry.pods);
    return nodes;
  }
}

function only(keys: ReadonlySet<string>, labels: Readonly<Record<string, string>>): PodLabels {
  return Object.fromEntries(Object.entries(labels).filter(([key]) => keys.has(key)));
}

function isSame(one: LabelKeys, other: LabelKeys): boolean {
  const text = ({ node, hub }: LabelKeys) => JSON.stringify([[...node].sort(), [...hub].sort()]);
  return text(one) === text(other);
}
