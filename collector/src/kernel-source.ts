import type { FilterPlan, ProgramState } from "@atalaya/wire";
import type { EnforcedContainers } from "./kernel/enforced-containers.ts";
import type { GroupOwners } from "./kernel/group-owners.ts";
import type { OwnTask } from "./kernel/own-tasks.ts";
import type { RecordedContainers } from "./kernel/recorded-containers.ts";
import type { Counter, KernelRecord } from "./kernel-record.ts";

/**
 * The sensor's kernel side behind one face: programs loaded and attached, rings drained and decoded.
 * All calls are synchronous and short; one thread owns it.
 */
export type KernelSource = {
  /** Every program that this kernel could run, as it is now: those that no plan asks for are `unasked`. */
  readonly programs: readonly ProgramState[];
  /** 16 hexadecimal digits over the records' layout and the programs' version. */
  readonly layoutHash: string;
  /** Where system calls are seen, and why there: for the log. */
  readonly callsSeen?: string;
  /**
   * Takes what lies in a ring, oldest first, up to about `bytesMax`; the consumer position moves at `release`, not here.
   */
  drain(ring: "lifecycle" | "bulk", bytesMax?: number): Drained;
  /** Gives the ring's space up to `position` back to the kernel. */
  release(ring: "lifecycle" | "bulk", position: number): void;
  /**
   * Calls `then` once: when something lies in a ring that was not drained yet (as soon as it does; what earlier programs bring, or
   * was on its way, within `everyMs`), at the latest after `atMostMs`. Replaces the wait before, whose `then` is not called any more.
   */
  whenFilled(everyMs: number, atMostMs: number, then: () => void): void;
  /** Every process that runs now, as `snapshot` records, from the task iterator; from /proc where there is none. */
  snapshot(): KernelRecord[];
  /** Kernel counters summed over processors, per class and reason; they only grow. */
  counters(): Counter[];
  /** Who used up a budget, and what was therefore not told of it. */
  throttled(): ThrottledGroup[];
  /** Signals of others to this process of ours are told from now on, under that name (one process has it). */
  nameOwnTask(name: OwnTask, pid: number): void;
  /** Puts back what somebody else took off its hook, or whose pin he removed, since the last look. */
  lookAfter(): Tampered;
  /** Bytes waiting in each ring, and its size. Like `drain`, a sign for the programs that somebody is there to read. */
  rings(): { ring: "lifecycle" | "bulk"; waitingBytes: number; sizeBytes: number }[];
  /**
   * Loads some of the programs that see what a plan asks for, for at most about a second; true when there are no more to load.
   * All of them can take seconds, in which somebody has to read the rings.
   */
  prepare(plan: FilterPlan): boolean;
  /** Replaces what the kernel side lets through. The programs that see it hang when this returns; what was not prepared is loaded. */
  setFilterPlan(plan: FilterPlan): void;
  /** Takes a program that nobody asks for any more off its hook; true when none is left. */
  takeOff(): boolean;
  /**
   * 16 hexadecimal digits that name this pair of rings: the same as long as they are pinned, others with new rings.
   * Positions of one pair say nothing of another's.
   */
  readonly ringId: string;
  /** True when an earlier process pinned these programs and rings, and they went on without one. */
  readonly adopted: boolean;
  /**
   * Where something had been pinned and not all of it could be adopted: for how long, at most, what was attached anew did
   * not watch (since somebody read last). Else 0.
   */
  readonly gapUs: number;
  /**
   * The user side's account, kept in a pinned map beside the rings: whole or as it was, also when the process is killed
   * in the middle. At most `accountBytesMax`. Undefined where nothing was written yet.
   */
  readAccount(): Buffer | undefined;
  writeAccount(bytes: Uint8Array): void;
  readonly missed: MissedPrograms;
  /**
   * Programs of another version that an earlier process left at work. The new ones are attached already, so both
   * see what happens now; undefined where there are none, or after `end`.
   */
  readonly earlier: EarlierPrograms | undefined;
  /** Where programs that did not come with the image are blocked: nowhere, until told. */
  readonly enforced: Pick<EnforcedContainers, "isPossible" | "add" | "remove" | "renew" | "release">;
  /** Of which containers more is let through than the plan asks for, marked as the flight recorder's: of none, until told. */
  readonly recorded: Pick<RecordedContainers, "add" | "remove">;
  /** Whose control groups are: of nobody's, until told, is kept back what a plan asks of containers alone. */
  readonly owners: Pick<GroupOwners, "set" | "forget" | "clear" | "areStraysLost">;
  /** Ends the watch for good: detaches, and removes what was pinned. `close` alone leaves the pinned at work. */
  unpin(): void;
  close(): void;
};

/** A program that the kernel left out: its kind of record, how often since it was loaded, and how often before. */
export type MissedProgram = [program: string, kind: string, now: number, before: number];

/** These runs are in `counters`: what the kernel forgets with a program goes on with what the account kept. */
export type MissedPrograms = { readonly kept: MissedProgram[]; goOn(kept: readonly MissedProgram[]): void };

export type Drained = {
  records: KernelRecord[];
  /** The byte position after the last record taken. */
  next: number;
  /** The records that could not be read. */
  undecodable: Unread[];
  /** Whether the kernel had brought more by then: it did not fit, or is behind a record that is being written just now. */
  isCut: boolean;
};

/** `kind`: as its head says, which the kernel counted it under too; the ring's name where that is none that we know. */
export type Unread = { position: number; kind: string };

/** Records of one kind (`class`) that a control group was over its budget with: since the kernel remembers it, so it may go back. */
export type ThrottledGroup = { cgroupIdV2: number; cgroupIdV1: number; class: string; value: number };

/** Names of programs that hung on nothing any more, and of maps and programs whose pin was gone. */
export type Tampered = { detached: string[]; unpinned: string[] };

/** What tests ask of the kernel side beyond that. */
export type OpenedKernel = KernelSource & {
  /** Takes a program off its hook, or puts it back: so that a test can show what is not seen without it. */
  switchHook(program: string, isOn: boolean): void;
};

export type EarlierPrograms = {
  readonly ringId: string;
  /** False where the records of the earlier version cannot be read: then `drain` only counts them, as undecodable. */
  readonly readable: boolean;
  /** False where they are read by the types that the earlier programs were built with. */
  readonly sameLayout: boolean;
  drain(ring: "lifecycle" | "bulk", bytesMax?: number): Drained;
  release(ring: "lifecycle" | "bulk", position: number): void;
  counters(): Counter[];
  readAccount(): Buffer | undefined;
  writeAccount(bytes: Uint8Array): void;
  readonly missed: MissedPrograms;
  /** Detaches them; their rings can still be drained. */
  detach(): void;
  /** Removes them and their rings. */
  end(): void;
};

/** The program's name without where it hangs: at a function it does what its namesake does at the tracepoint. */
export const placeOf = (program: string): string => program.replace(/_fexit$/, "");

export const accountBytesMax = 16_384;

export type KernelOptions = {
  /** Folder with the built objects and addon.node (build/collector). */
  objectFolder: string;
  /** Processes whose events are never reported: our own. */
  ignorePids?: readonly number[];
  /** When nobody has read for so long, the programs stop submitting and count `unread`. Absent: a minute. */
  unreadAfterMs?: number;
  /**
   * The first plan that will be set: what it asks for is loaded before anything can fill a ring. `unknown`: it comes later and
   * has to be in force at once, so whatever a plan can ask for hangs until then. Absent: none is waited for.
   */
  plan?: FilterPlan | "unknown";
  /** A folder in a bpffs for this sensor alone. Absent: nothing is pinned, and all ends with the process. */
  pinFolder?: string;
  /** Whether programs may hang at the functions of system calls; absent: where the kernel lets them. */
  hooksFunctions?: boolean;
};
