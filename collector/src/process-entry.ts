import type { Container } from "./containers.ts";
import { type Above, mayAdopt, nowhere, type Place } from "./entry-point.ts";
import type { ExeOrigin } from "./exe-origin.ts";
import type { Task } from "./kernel-record.ts";
import { type Below, type Line, lineBelow, type Program } from "./lineage.ts";
import type { ScriptOrigin } from "./script-origins.ts";

export type ProcessEntry = {
  pid: number;
  startUs: number;
  execUs: number | null;
  program: Program;
  /** Redacted. */
  argv: readonly string[] | null;
  /** Telling variables of the environment that its program was started with, redacted; null where there are none. */
  env: readonly string[] | null;
  /** What it might do at most when its program started. */
  capPermitted: number | null;
  exePath: string | null;
  cwd: string | null;
  exeUpperLayer: boolean | null;
  exeMemfd: boolean | null;
  exeDeleted: boolean | null;
  exeOrigin: ExeOrigin | null;
  /** Where the script comes from that its program was started to run; null where there is none. */
  scriptOrigin: ScriptOrigin | null;
  /** The file of its program; null where it is not known. */
  exeFile: ExeFile | null;
  /**
   * Where its program was started outside of every container, and it is that program still: in that mount namespace, whatever it
   * goes into later. A runtime sees the container's files before it is in its control group.
   */
  outsideMntNs: number | null;
  /** The program before it was started outside, it was not. */
  isFirstInside: boolean;
  fromSnapshot: boolean;
  endedUs: number | null;
  ancestors: Line | null;
  below: Below | null;
  /** Who its parent was at its birth. */
  parentPid: number;
  nsPid: number;
  place: Place;
  above: Above | null;
  /** The container that it was in, or who made it; null for the host's, and where it is not known. */
  home: Container | null;
};

export type ExeFile = { inode: number; device: number };

/** `image`: whose memory and line it has, which is its parent's but after CLONE_PARENT. */
export type Birth = { parent: ProcessEntry | undefined; image: ProcessEntry | undefined; birthSeen: boolean };

/**
 * A process as it was born. Of one whose birth was not seen (it was there before the watch, or the record was lost) nobody knows
 * what it has run since: its line is told, and no program. Its parent's could be the runtime's on the host, whose doings are no alert.
 */
export function bornFrom(task: Task, { parent, image: above, birthSeen }: Birth): ProcessEntry {
  const image = birthSeen ? above : undefined;
  const program: Program = {
    pid: task.pid,
    startUs: task.startUs,
    name: task.comm,
    exePath: image?.program.exePath ?? "",
    cmdline: image?.program.cmdline ?? "",
  };
  return {
    pid: task.pid,
    startUs: task.startUs,
    execUs: image?.execUs ?? null,
    program,
    argv: image?.argv ?? null,
    env: null,
    capPermitted: image?.capPermitted ?? null,
    exePath: image?.exePath ?? null,
    cwd: image?.cwd ?? null,
    exeUpperLayer: image?.exeUpperLayer ?? null,
    exeMemfd: image?.exeMemfd ?? null,
    exeDeleted: image?.exeDeleted ?? null,
    exeOrigin: image?.exeOrigin ?? null,
    scriptOrigin: null,
    exeFile: image?.exeFile ?? null,
    outsideMntNs: image?.outsideMntNs ?? null,
    isFirstInside: false,
    fromSnapshot: false,
    endedUs: null,
    ancestors: above === undefined || above.ancestors === null ? null : lineBelow(above, above.ancestors),
    below: null,
    parentPid: task.ppid,
    nsPid: task.nsPid,
    place: nowhere,
    above: parent === undefined ? null : { ...parent.place, isSure: birthSeen || !mayAdopt(parent) },
    home: above !== undefined && (birthSeen || !mayAdopt(above)) ? above.home : null,
  };
}
