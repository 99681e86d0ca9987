import { z } from "zod";

const count = z.number().nonnegative();

/** One BPF program, probed alone: what could not load is said, the rest runs. */
export const programStateSchema = z.object({
  name: z.string().max(128),
  loaded: z.boolean(),
  attached: z.boolean(),
  /** Absent when all is well. */
  reason: z.string().max(1024).optional(),
});

/** What a collector says of itself once a second. All counters only grow from the collector's start. */
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
  programs: z.array(programStateSchema).max(256),
  /** Per class and reason. Kernel: attempted, submitted, ring_full, filtered, read_fault; then undecodable, handed_on, dropped… */
  counters: z.array(z.object({ class: z.string().max(32), reason: z.string().max(48), value: count })).max(512),
});
export type SensorReport = z.infer<typeof sensorReportSchema>;
export type ProgramState = z.infer<typeof programStateSchema>;
