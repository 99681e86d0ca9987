import { limits } from "@atalaya/wire";
import type { Task } from "./kernel-record.ts";

/** One program run of a process, as its descendants show it. */
export type Program = { pid: number; startUs: number; name: string; exePath: string; cmdline: string };

/** The ancestors as an event's columns, parent first, all of one length. */
export type Lineage = { pids: number[]; startsUs: number[]; names: string[]; exePaths: string[]; cmdlines: string[] };

/**
 * Ancestors, parent first. All that a process starts while it runs one program share one line, and it is never changed: its columns
 * are made once, and whoever writes events sees by identity that they are the same again.
 */
export type Line = { readonly programs: readonly Program[]; columns: Lineage | null };

/** The line of what a process starts, and what it was made of: its program and its own line then. */
export type Below = { readonly program: Program; readonly above: Line; readonly line: Line };

export function lineOf(programs: readonly Program[]): Line {
  return { programs, columns: null };
}

/** What is started by a process that has the ancestors `above`. */
export function lineBelow(of: { program: Program; below: Below | null }, above: Line): Line {
  const known = of.below;
  if (known !== null && known.program === of.program && known.above === above) return known.line;
  const line = lineOf([of.program, ...above.programs].slice(0, limits.ancestorsMax));
  of.below = { program: of.program, above, line };
  return line;
}

export function columnsOf(line: Line): Lineage {
  line.columns ??= {
    pids: line.programs.map((program) => program.pid),
    startsUs: line.programs.map((program) => program.startUs),
    names: line.programs.map((program) => program.name),
    exePaths: line.programs.map((program) => program.exePath),
    cmdlines: line.programs.map((program) => program.cmdline),
  };
  return line.columns;
}

/** Of whose parent nothing is known but who it is. */
export function unknownParent(task: Task): Program {
  return { pid: task.ppid, startUs: task.parentStartUs, name: "", exePath: "", cmdline: "" };
}
