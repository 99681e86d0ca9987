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
  /** Where its program was started outside of every container, and it is that program still: in that mount namespace. */
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

export function bornFrom(task: Task, { parent, image, birthSeen }: Birth): ProcessEntry {
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
    ancestors: image === undefined || image.ancestors === null ? null : lineBelow(image, image.ancestors),
    below: null,
    parentPid: task.ppid,
    nsPid: task.nsPid,
    place: nowhere,
    above: parent === undefined ? null : { ...parent.place, isSure: birthSeen || !mayAdopt(parent) },
    home: image !== undefined && (birthSeen || !mayAdopt(image)) ? image.home : null,
  };
}
