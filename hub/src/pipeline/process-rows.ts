import type { AtalayaEvent, TreeRow } from "@atalaya/wire";
import type { ProcessRows } from "./messages.ts";
import { cmdlineOf, originOf } from "./tree-seed.ts";

export const stepKinds = { fork: 0, exec: 1, snapshot: 2 } as const;
export const stepOrigins: readonly (TreeRow["origin"] | undefined)[] = [undefined, "image", "added", "memory"];

/** Appends what is kept of a process life-cycle event; true when something was. */
export function keepProcessRow(rows: ProcessRows, event: AtalayaEvent): boolean {
  if (event.class !== "process" || event.pid === null || event.start_us === null || event.time_us === null)
    return false;
  if (event.activity === "exit") {
    rows.ends.push(event.pid, event.start_us, event.time_us, event.exit_code, event.exit_signal);
    return true;
  }
  if (event.activity !== "exec" && event.activity !== "fork") return false;
  // A refused exec changed nothing: its process is what it was.
  if (event.error !== null) return false;
  const kind = event.activity === "fork" ? stepKinds.fork : event.from_snapshot ? stepKinds.snapshot : stepKinds.exec;
  rows.steps.push(event.ppid ?? 0, event.parent_start_us ?? 0, event.pid, event.start_us, event.time_us, kind);
  rows.steps.push(event.uid, stepOrigins.indexOf(originOf(event)), event.name ?? "", event.exe_path ?? "");
  // A fork is its parent's program going on: the parent's row has the command line.
  rows.steps.push(kind === stepKinds.fork ? "" : cmdlineOf(event), event.container_id ?? "");
  return true;
}
