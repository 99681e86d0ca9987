import * as z from "zod";

/** Bounded: what is summed over nodes must stay a number, whatever one of them says. */
const count = z.number().nonnegative().max(Number.MAX_SAFE_INTEGER);

/** One BPF program, probed alone: what could not load is said, the rest runs. */
export const programStateSchema = z.object({
  name: z.string().max(128),
  loaded: z.boolean(),
  attached: z.boolean(),
  /** Absent when all is well. */
  reason: z.string().max(1024).optional(),
  /** No rule asks for what it sees: it hangs nowhere, and nothing is missing. */
  unasked: z.boolean().optional(),
  /** How often the kernel left it out because it was at work on that processor already; absent where it never did. */
  missed: z.number().nonnegative().max(Number.MAX_SAFE_INTEGER).optional(),
});

/**
 * How the reading of an audit log is:
 *   starting  its thread has not said anything yet
 *   waiting   the publisher has not answered it yet
 *   read      a file of it is open, and what comes is read
 *   absent    there is no file at its path that can be read
 *   failed    its thread ended, and is started again
 *   stuck     its thread says nothing any more
 */
export type AuditLogState = "starting" | "waiting" | "read" | "absent" | "failed" | "stuck";

/** Events of a class that one container (or what else lies in control groups) did beyond its budget, which were not told. */
const throttledWhereSchema = z.object({ class: z.string().max(32), where: z.string().max(256), value: count });
export type ThrottledWhere = z.infer<typeof throttledWhereSchema>;

/**
 * Whether programs that a policy wants blocked are (docs/drift.md):
 *   not_permitted  the node has no file that permits it
 *   refused        its file is not one to trust, or cannot be read
 *   off            its file's switch is off
 *   unsupported    this kernel side cannot
 *   not_understood the policy has words that this collector does not know
 *   idle           it is permitted, and no policy asks for it
 *   on             it is done, in so many containers
 */
export type BlockingState = "not_permitted" | "refused" | "off" | "unsupported" | "not_understood" | "idle" | "on";

/**
 * What somebody else did to the sensor, and how often since it started (it has put it right each time): `detached`, a program was
 * taken off its hook; `unpinned`, the pin of a program or map was removed. A later version may know more.
 */
const tamperedWithSchema = z.object({ what: z.string().max(32), object: z.string().max(128), value: count });
export type TamperedWith = z.infer<typeof tamperedWithSchema>;

/** What a collector says of itself, once a second where there is news, else every few seconds. All counters only grow within an epoch. */
export const sensorReportSchema = z.object({
  node: z.string().max(256),
  boot_id: z.string().max(64),
  version: z.string().max(64),
  kernel: z.string().max(128),
  started_us: count,
  /** Now minus the time of the newest event that was handed on; 0 when idle. */
  lag_us: count,
  processes: count,
  containers: count,
  memory_bytes: count,
  cpu_us: count,
  filters_version: count,
  /** Names the life of the counters: they are pinned, go on over the collector's restarts, and start again under another. */
  epoch: z.string().max(64).optional(),
  /** The layout hashes of the frames that hold this epoch's records: what the hub committed of them is of this epoch. */
  streams: z.array(z.string().max(16)).max(16).optional(),
  /** The last report of its epoch: nothing will be counted under it any more, and nothing is on its way. */
  final: z.boolean().optional(),
  /** True when this collector found the programs of an earlier one at work and went on with them. */
  adopted: z.boolean().optional(),
  /** Of the desired state in force; 0 for none. */
  state_version: count.optional(),
  /** For how long nothing watched before this collector's start, where that is known; 0 when it adopted. */
  gap_us: count.optional(),
  /** How often it proved to itself that it sees, and what it did not see of the last two times: `exec`, `open`. */
  heartbeat: z.object({ beats: count, missed: z.array(z.string().max(16)).max(8) }).optional(),
  /** Where the node was told to read an audit log. The state is an `AuditLogState`, or one that a later version knows. */
  audit_log: z.object({ state: z.string().max(32) }).optional(),
  /** Who was over his budget within the last minute, most first. */
  throttled: z.array(throttledWhereSchema).max(64).optional(),
  /**
   * Where a policy asks for it, or the node's file permits it. `state` is a `BlockingState`, or one that a later version
   * knows; `withheld`: containers in which the policy wants programs blocked and they are not, by reason.
   */
  blocking: z
    .object({
      state: z.string().max(32),
      why: z.string().max(256).optional(),
      containers: count,
      trials: count,
      withheld: z.array(z.object({ reason: z.string().max(48), value: count })).max(16),
    })
    .optional(),
  /** Of how many containers the kernel lets through what the flight recorder keeps; absent where no policy names any. */
  recorded_containers: count.optional(),
  tampered: z.array(tamperedWithSchema).max(512).optional(),
  programs: z.array(programStateSchema).max(256),
  /** By kind of record and reason, where it is not 0: those of the hops `kernel` and `collector` in ledger.ts, and figures of the user side. */
  counters: z.array(z.object({ class: z.string().max(32), reason: z.string().max(48), value: count })).max(512),
});
export type SensorReport = z.infer<typeof sensorReportSchema>;
export type ProgramState = z.infer<typeof programStateSchema>;
