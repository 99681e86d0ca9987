import type { PublisherReport, StateConfirmation, SyncRequest } from "@atalaya/wire";
import { pipelineLimits } from "../core/limits.ts";
import type { NodeKey } from "../ledger/node-account.ts";
import type { NodeSyncTable } from "../store/schema.ts";

/** What a node's publisher said last, and how the node stands with its desired state. */
export type NodeSync = {
  report: PublisherReport | null;
  confirmed: StateConfirmation | null;
  /** The publisher's clock minus ours when its report arrived, with the time that the report travelled. */
  clockUs: number;
  /** Desired states that the node said it refused. */
  refusals: number;
  /** The node's states have at least this version: they changed for it alone, or it holds one that we do not know. */
  floor: number;
  revoked: boolean;
};
type Entry = NodeSync & { of: NodeKey; syncedUs: number; unsaved: boolean };
const nothingKnown: NodeSync = {
  report: null,
  confirmed: null,
  clockUs: 0,
  refusals: 0,
  floor: 0,
  revoked: false,
};

/** The syncs of all nodes, in memory; written down now and then, and at once where a version depends on it. */
export class NodeSyncs {
  readonly #entries = new Map<string, Entry>();
  notKept = 0;

  constructor(rows: readonly NodeSyncTable[]) {
    for (const { workspace_id: workspaceId, cluster, node, synced_us: syncedUs, sync } of rows) {
      const entry = this.#entry({ workspaceId, cluster, node });
      if (entry !== undefined) Object.assign(entry, JSON.parse(sync) as NodeSync, { syncedUs });
    }
  }

  #entry(of: NodeKey): Entry | undefined {
    const { workspaceId, cluster, node } = of;
    const key = `${workspaceId}\n${cluster}\n${node}`;
    const known = this.#entries.get(key);
    if (known !== undefined) return known;
    if (this.#entries.size >= pipelineLimits.sensorsMax) {
      this.notKept += 1;
      return undefined;
    }
    const made: Entry = { ...nothingKnown, of: { workspaceId, cluster, node }, syncedUs: 0, unsaved: false };
    this.#entries.set(key, made);
    return made;
  }

  of({ workspaceId, cluster, node }: NodeKey): Readonly<Entry> | undefined {
    return this.#entries.get(`${workspaceId}\n${cluster}\n${node}`);
  }

  /** Takes what a publisher said; gives the refusal that is news, and how far the clock moved against ours since. */
  said(of: NodeKey, request: SyncRequest, arrivedUs: number): { refused: string | undefined; jumpedUs: number } {
    const entry = this.#entry(of);
    if (entry === undefined) return { refused: undefined, jumpedUs: 0 };
    const before = entry.confirmed;
    const { confirmed } = request;
    const isNews = confirmed?.version !== before?.version || confirmed?.refused !== before?.refused;
    const refused = isNews ? confirmed?.refused : undefined;
    if (refused !== undefined) entry.refusals += 1;
    const clockUs = request.publisher.now_us - arrivedUs;
    const sameRun = entry.report?.started_us === request.publisher.started_us;
    const jumpedUs = sameRun ? clockUs - entry.clockUs : 0;
    Object.assign(entry, { report: request.publisher, confirmed, clockUs, syncedUs: arrivedUs, unsaved: true });
    return { refused, jumpedUs };
  }

  /** Changes what the node's versions depend on. */
  change(of: NodeKey, change: Partial<Pick<NodeSync, "floor" | "revoked">>): void {
    const entry = this.#entry(of);
    if (entry !== undefined) Object.assign(entry, change, { unsaved: true });
  }

  all(): Iterable<Readonly<Entry>> {
    return this.#entries.values();
  }

  takeUnsaved(): NodeSyncTable[] {
    const rows: NodeSyncTable[] = [];
    for (const entry of this.#entries.values()) {
      if (!entry.unsaved) continue;
      entry.unsaved = false;
      const { of, syncedUs: synced_us, unsaved, ...sync } = entry;
      const { workspaceId: workspace_id, cluster, node } = of;
      rows.push({ workspace_id, cluster, node, synced_us, sync: JSON.stringify(sync) });
    }
    return rows;
  }
}
