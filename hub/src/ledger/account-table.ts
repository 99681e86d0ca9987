import type { LedgerPage, PublisherReport } from "@atalaya/wire";
import { pipelineLimits } from "../core/limits.ts";
import type { LedgerEntry, SensorHeard } from "../pipeline/messages.ts";
import type { NodeAccountSave } from "../store/node-writes.ts";
import type { LedgerTable, NodeAccountTable } from "../store/schema.ts";
import { NodeAccount, type NodeKey, type StoredAccount } from "./node-account.ts";

export type LedgerQuery = {
  cluster?: string | undefined;
  node?: string | undefined;
  after?: string | undefined;
  limit?: number | undefined;
};

/** The accounts of all nodes, in memory; the writer keeps the hub's counts, and each account now and then. */
export class AccountTable {
  readonly #accounts = new Map<string, NodeAccount>();
  #sorted: string[] | undefined;
  /** Nodes beyond the limit: their events are committed, and only counted for the hub as a whole. */
  notKept = 0;

  constructor(accounts: readonly NodeAccountTable[], ledger: readonly LedgerTable[]) {
    for (const { workspace_id: workspaceId, cluster, node, account } of accounts) {
      const stored = JSON.parse(account) as StoredAccount;
      this.#put({ workspaceId, cluster, node }, new NodeAccount({ workspaceId, cluster, node }, stored));
    }
    for (const { workspace_id: workspaceId, cluster, node, stream, class: name, reason, n } of ledger) {
      this.of({ workspaceId, cluster, node })?.counted(stream, { class: name, reason, n });
    }
  }

  #put(of: NodeKey, account: NodeAccount): void {
    this.#accounts.set(keyOf(of), account);
    this.#sorted = undefined;
  }

  /** A node's account, made when it is new; undefined beyond the limit. */
  of(of: NodeKey): NodeAccount | undefined {
    const known = this.#accounts.get(keyOf(of));
    if (known !== undefined) return known;
    if (this.#accounts.size >= pipelineLimits.sensorsMax) {
      this.notKept += 1;
      return undefined;
    }
    const { workspaceId, cluster, node } = of;
    const made = new NodeAccount({ workspaceId, cluster, node });
    this.#put(of, made);
    return made;
  }

  /** What one batch counted, committed with it. */
  committed(of: { workspaceId: string; cluster: string }, ledger: readonly LedgerEntry[]): void {
    for (const entry of ledger) this.of({ ...of, node: entry.node })?.counted(entry.stream, entry);
  }

  collectorSaid({ workspaceId, cluster, timeUs, report }: SensorHeard): NodeAccount | undefined {
    const account = this.of({ workspaceId, cluster, node: report.node });
    account?.collectorSaid(report, timeUs);
    return account;
  }

  publisherSaid(of: NodeKey, report: PublisherReport): NodeAccount | undefined {
    const account = this.of(of);
    account?.publisherSaid(report);
    return account;
  }

  /** Looks at every account, so that what they say of the last minute is true also where nothing is reported. */
  tick(): void {
    for (const account of this.#accounts.values()) account.look();
  }

  /** A page of a workspace's accounts by cluster and node, after the one that `after` names. */
  page(workspaceId: string, query: LedgerQuery): LedgerPage {
    const { cluster, node, after, limit = pipelineLimits.ledgerPageDefault } = query;
    this.#sorted ??= [...this.#accounts.keys()].sort();
    const start = after === undefined ? "" : keyOf({ workspaceId, ...readCursor(after) });
    const found: NodeAccount[] = [];
    for (const key of this.#sorted) {
      const account = this.#accounts.get(key);
      if (account === undefined || account.of.workspaceId !== workspaceId || key <= start) continue;
      if (cluster !== undefined && account.of.cluster !== cluster) continue;
      if (node !== undefined && account.of.node !== node) continue;
      found.push(account);
      if (found.length > limit) break;
    }
    const shown = found.slice(0, limit);
    const last = shown.at(-1);
    const next = found.length > limit && last !== undefined ? cursorOf(last.of) : null;
    return { nodes: shown.map((account) => account.ledger()), next };
  }

  all(): Iterable<NodeAccount> {
    return this.#accounts.values();
  }

  /** The rows to write down, each once. */
  takeUnsaved(): NodeAccountSave[] {
    const rows: NodeAccountSave[] = [];
    for (const account of this.#accounts.values()) {
      if (!account.unsaved) continue;
      account.unsaved = false;
      const { workspaceId: workspace_id, cluster, node } = account.of;
      rows.push({
        workspace_id,
        cluster,
        node,
        account: JSON.stringify(account.stored()),
        folded: account.takeFolded(),
      });
    }
    return rows;
  }
}

function keyOf({ workspaceId, cluster, node }: NodeKey): string {
  return `${workspaceId}\n${cluster}\n${node}`;
}

function cursorOf({ cluster, node }: NodeKey): string {
  return Buffer.from(`${cluster}\n${node}`).toString("base64url");
}

/** A cursor of our own making; any other text only names a place where no account is. */
function readCursor(text: string): { cluster: string; node: string } {
  const [cluster = "", node = ""] = Buffer.from(text, "base64url").toString("utf8").split("\n");
  return { cluster, node };
}
