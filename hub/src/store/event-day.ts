import type { DatabaseSync, SQLInputValue, StatementSync } from "node:sqlite";
import { endWidth, type ProcessRows, stepWidth } from "../pipeline/messages.ts";
import { eventFileName, openEventFile } from "./event-files.ts";

type Day = { name: string; db: DatabaseSync; step: StatementSync; end: StatementSync };

/** Today's file of process life-cycle rows: opened when the first row of a day comes. */
export class EventDay {
  readonly #folder: string;
  #day: Day | undefined;
  #open = false;

  constructor(folder: string) {
    this.#folder = folder;
  }

  /** Writes the rows within a transaction that `commit` or `rollBack` ends. A row that is there already stays. */
  write(workspaceId: string, bootNo: number, rows: ProcessRows): void {
    const day = this.#today();
    const { steps, ends } = rows;
    for (let at = 0; at < steps.length; at += stepWidth) {
      day.step.run(workspaceId, bootNo, ...(steps.slice(at, at + stepWidth) as SQLInputValue[]));
    }
    for (let at = 0; at < ends.length; at += endWidth) {
      day.end.run(workspaceId, bootNo, ...(ends.slice(at, at + endWidth) as SQLInputValue[]));
    }
  }

  #today(): Day {
    const name = eventFileName(Date.now());
    if (this.#day !== undefined && (this.#open || this.#day.name === name)) return this.#begin(this.#day);
    this.close();
    const { raw: db } = openEventFile(this.#folder, name);
    const marks = (n: number) => Array.from({ length: n }, () => "?").join(",");
    this.#day = {
      name,
      db,
      step: db.prepare(
        `INSERT OR IGNORE INTO process_steps (workspace_id, boot_no, ppid, parent_start_us, pid, start_us, time_us, kind,
           uid, origin, name, exe_path, cmdline, container_id) VALUES (${marks(2 + stepWidth)})`,
      ),
      end: db.prepare(
        `INSERT OR IGNORE INTO process_ends (workspace_id, boot_no, pid, start_us, time_us, exit_code, exit_signal)
           VALUES (${marks(2 + endWidth)})`,
      ),
    };
    return this.#begin(this.#day);
  }

  #begin(day: Day): Day {
    if (!this.#open) day.db.exec("BEGIN IMMEDIATE");
    this.#open = true;
    return day;
  }

  commit(): void {
    if (!this.#open) return;
    this.#day?.db.exec("COMMIT");
    this.#open = false;
  }

  /** The file is opened anew afterwards: after an input/output error a connection may not be of use any more. */
  rollBack(): void {
    if (this.#open) this.close();
  }

  close(): void {
    this.#open = false;
    // Ends a transaction that is open.
    if (this.#day?.db.isOpen) this.#day.db.close();
    this.#day = undefined;
  }
}
