import { PullBudget } from "../recorder/pull-budget.ts";
import type { AskedPull } from "../recorder/recorder-pulls.ts";
import type { OpenDatabase } from "./node-sqlite.ts";
import type { HubTables } from "./schema.ts";

type Counters = { commitNo: number; eventsTotal: number; dirty: boolean };

/** The writer's copy of what it counts on: commit numbers, the short numbers of boots, how far they were heard. Read again after a failed commit. */
export class WorkspaceState {
  readonly #db: OpenDatabase<HubTables>;
  readonly #counters = new Map<string, Counters>();
  readonly #boots = new Map<string, number>();
  readonly #nodes = new Map<string, string>();
  /** How far each boot of a node has been heard, by workspace and boot number. */
  readonly #heard = new Map<string, number>();
  /** What new alerts ask of the flight recorder, until the group is committed. */
  asked: AskedPull[] = [];
  readonly pullBudget = new PullBudget();

  constructor(db: OpenDatabase<HubTables>) {
    this.#db = db;
    this.reload();
  }

  reload(): void {
    this.asked = [];
    this.#counters.clear();
    this.#boots.clear();
    this.#nodes.clear();
    this.#heard.clear();
    for (const row of this.#db.rows(this.#db.query.selectFrom("workspaces").selectAll())) {
      this.#counters.set(row.workspace_id, { commitNo: row.commit_no, eventsTotal: row.events_total, dirty: false });
    }
  }

  #of(workspaceId: string): Counters {
    const known = this.#counters.get(workspaceId);
    if (known !== undefined) return known;
    const row = { workspace_id: workspaceId, commit_no: 0, events_total: 0, created_us: Date.now() * 1_000 };
    this.#db.run(this.#db.query.insertInto("workspaces").values(row));
    const made: Counters = { commitNo: 0, eventsTotal: 0, dirty: false };
    this.#counters.set(workspaceId, made);
    return made;
  }

  takeAsked(): AskedPull[] {
    const asked = this.asked;
    this.asked = [];
    return asked;
  }

  nextCommit(workspaceId: string): number {
    const counters = this.#of(workspaceId);
    counters.dirty = true;
    counters.commitNo += 1;
    return counters.commitNo;
  }

  addEvents(workspaceId: string, n: number): void {
    const counters = this.#of(workspaceId);
    counters.dirty = true;
    counters.eventsTotal += n;
  }

  /** Writes the counters that changed: once a group, within its transaction. */
  save(): void {
    for (const [workspaceId, counters] of this.#counters) {
      if (!counters.dirty) continue;
      counters.dirty = false;
      this.#db.run(
        this.#db.query
          .updateTable("workspaces")
          .set({ commit_no: counters.commitNo, events_total: counters.eventsTotal })
          .where("workspace_id", "=", workspaceId),
      );
    }
  }

  all(): [workspaceId: string, commitNo: number, eventsTotal: number][] {
    return [...this.#counters].map(([workspaceId, one]) => [workspaceId, one.commitNo, one.eventsTotal]);
  }

  /** A boot's number; made, and written, when it is new. */
  bootNo(workspaceId: string, cluster: string, node: string, bootId: string): number {
    const key = [workspaceId, cluster, node, bootId].join("\n");
    const known = this.#boots.get(key);
    if (known !== undefined) return known;
    const number =
      this.#findBoot(workspaceId, cluster, node, bootId) ?? this.#addBoot(workspaceId, cluster, node, bootId);
    this.#boots.set(key, number);
    return number;
  }

  #findBoot(workspaceId: string, cluster: string, node: string, bootId: string): number | undefined {
    const found = this.#db.query
      .selectFrom("boots")
      .select("boot_no")
      .where("workspace_id", "=", workspaceId)
      .where("cluster", "=", cluster)
      .where("node", "=", node)
      .where("boot_id", "=", bootId);
    return this.#db.row(found)?.boot_no;
  }

  #addBoot(workspaceId: string, cluster: string, node: string, bootId: string): number {
    const highest = this.#db.query
      .selectFrom("boots")
      .select((of) => of.fn.max("boot_no").as("n"))
      .where("workspace_id", "=", workspaceId);
    const number = (this.#db.row(highest)?.n ?? 0) + 1;
    const row = { workspace_id: workspaceId, boot_no: number, cluster, node, boot_id: bootId };
    this.#db.run(this.#db.query.insertInto("boots").values(row));
    return number;
  }

  /** Of which node the boot is. */
  nodeOf(workspaceId: string, bootNo: number): string {
    const key = `${workspaceId}\n${bootNo}`;
    const known = this.#nodes.get(key);
    if (known !== undefined) return known;
    const boots = this.#db.query.selectFrom("boots").select("node").where("workspace_id", "=", workspaceId);
    const node = this.#db.row(boots.where("boot_no", "=", bootNo))?.node ?? "";
    this.#nodes.set(key, node);
    return node;
  }

  /** How far the boot's life-cycle records have come; 0 where none has. */
  heardUs(workspaceId: string, bootNo: number): number {
    const key = `${workspaceId}\n${bootNo}`;
    const known = this.#heard.get(key);
    if (known !== undefined) return known;
    const boots = this.#db.query.selectFrom("boots").select("heard_us").where("workspace_id", "=", workspaceId);
    const heardUs = this.#db.row(boots.where("boot_no", "=", bootNo))?.heard_us ?? 0;
    this.#heard.set(key, heardUs);
    return heardUs;
  }

  /** Notes that the boot's life-cycle records have come so far. */
  hear(workspaceId: string, bootNo: number, timeUs: number): void {
    if (timeUs <= this.heardUs(workspaceId, bootNo)) return;
    this.#heard.set(`${workspaceId}\n${bootNo}`, timeUs);
    const boots = this.#db.query.updateTable("boots").set({ heard_us: timeUs });
    this.#db.run(boots.where("workspace_id", "=", workspaceId).where("boot_no", "=", bootNo));
  }
}
