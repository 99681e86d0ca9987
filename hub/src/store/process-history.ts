import type { Selectable } from "kysely";
import { storeLimits } from "../core/limits.ts";
import type { OpenDatabase } from "./node-sqlite.ts";
import type { EventTables, ProcessStepTable } from "./schema.ts";

export type Step = Selectable<ProcessStepTable>;

/** Reads process life-cycle rows of one boot from the days' files, oldest day first. */
export class ProcessHistory {
  readonly #days: readonly OpenDatabase<EventTables>[];
  readonly #workspaceId: string;
  readonly #bootNo: number | undefined;

  constructor(days: readonly OpenDatabase<EventTables>[], workspaceId: string, bootNo: number | undefined) {
    this.#days = bootNo === undefined ? [] : days;
    this.#workspaceId = workspaceId;
    this.#bootNo = bootNo;
  }

  #of(day: OpenDatabase<EventTables>) {
    const query = day.query.selectFrom("process_steps").selectAll().where("workspace_id", "=", this.#workspaceId);
    return query.where("boot_no", "=", this.#bootNo ?? 0).limit(storeLimits.treeVisitsMax);
  }

  /** The steps of all children of a process, by time. */
  children(ppid: number, parentStartUs: number): Step[] {
    const steps = this.#days.flatMap((day) =>
      day.rows(this.#of(day).where("ppid", "=", ppid).where("parent_start_us", "=", parentStartUs)),
    );
    return steps.sort((a, b) => a.time_us - b.time_us || a.kind - b.kind);
  }

  /** The steps of one process, by time. */
  steps(ppid: number, parentStartUs: number, pid: number, startUs: number): Step[] {
    const steps = this.#days.flatMap((day) => {
      const children = this.#of(day).where("ppid", "=", ppid).where("parent_start_us", "=", parentStartUs);
      return day.rows(children.where("pid", "=", pid).where("start_us", "=", startUs));
    });
    return steps.sort((a, b) => a.time_us - b.time_us || a.kind - b.kind);
  }

  /** When a process ended, or undefined while it runs. */
  end(pid: number, startUs: number): number | undefined {
    for (const day of this.#days.toReversed()) {
      const query = day.query
        .selectFrom("process_ends")
        .select("time_us")
        .where("workspace_id", "=", this.#workspaceId);
      const one = query
        .where("boot_no", "=", this.#bootNo ?? 0)
        .where("pid", "=", pid)
        .where("start_us", "=", startUs);
      const row = day.row(one);
      if (row !== undefined) return row.time_us;
    }
    return undefined;
  }
}
