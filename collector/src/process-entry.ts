import { limits } from "@atalaya/wire";
import type { Container } from "./containers.ts";
import { type Above, mayAdopt, nowhere, type Place } from "./entry-point.ts";
import type { ExeOrigin } from "./exe-origin.ts";
import type { Task } from "./kernel-record.ts";

/** One program run of a process, as its descendants show it. */
export type Program = { pid: number; startUs: number; name: string; exePath: string; cmdline: string };

/** The ancestors as an event's columns, parent first, all of one length. */
export type Lineage = { pids: number[]; startsUs: number[]; names: string[]; exePaths: string[]; cmdlines: string[] };

export type ProcessEntry = {
  pid: number;
  startUs: number;
  execUs: number | null;
  program: Program;
  /** Redacted. */
  argv: readonly string[] | null;
  /** Telling variables of the environment that its program was started with, redacted; null where there are none. */
  env: readonly string[] | null;
  exePath: string | null;
  cwd: string | null;
  exeUpperLayer: boolean | null;
  exeMemfd: boolean | null;
  exeDeleted: boolean | null;
  exeOrigin: ExeOrigin | null;
  fromSnapshot: boolean;
  endedUs: number | null;
  ancestors: readonly Program[] | null;
  lineage: Lineage | null;
  nsPid: number;
  place: Place;
  above: Above | null;
  /** The container that it was in, or who made it; null for the host's, and where it is not known. */
  home: Container | null;
};

/** The parent's pid of each entry, for the walk in a snapshot. */
export const parentOf = new WeakMap<ProcessEntry, number>();

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
  const knownAbove = image?.ancestors ?? null;
  const entry: ProcessEntry = {
    pid: task.pid,
    startUs: task.startUs,
    execUs: image?.execUs ?? null,
    program,
    argv: image?.argv ?? null,
    env: null,
    exePath: image?.exePath ?? null,
    cwd: image?.cwd ?? null,
    exeUpperLayer: image?.exeUpperLayer ?? null,
    exeMemfd: image?.exeMemfd ?? null,
    exeDeleted: image?.exeDeleted ?? null,
    exeOrigin: image?.exeOrigin ?? null,
    fromSnapshot: false,
    endedUs: null,
    ancestors:
      image === undefined || knownAbove === null ? null : [image.program, ...knownAbove].slice(0, limits.ancestorsMax),
    lineage: null,
    nsPid: task.nsPid,
    place: nowhere,
    above: parent === undefined ? null : { ...parent.place, isSure: birthSeen || !mayAdopt(parent) },
    home: image !== undefined && (birthSeen || !mayAdopt(image)) ? image.home : null,
  };
  parentOf.set(entry, task.ppid);
  return entry;
}
