// Every bound of the kernel side in TypeScript; those of the programs stand in bpf/limits.h.

export const kernelLimits = {
  /** Copied out of a ring at once when the caller says nothing. */
  drainBytesDefault: 1024 * 1024,
  /** A record and its header must fit: the largest record is 20 136 bytes. */
  drainBytesMin: 64 * 1024,
  drainBytesMax: 8 * 1024 * 1024,
  /** Of a ProgramState's reason; the wire takes 1024. */
  reasonCharactersMax: 900,
  /** SCRATCH_BYTES of bpf/limits.h. */
  snapshotRecordBytesMax: 28_672,
  /** Of /proc, when no iterator loads. */
  snapshotProcessesMax: 100_000,
  /** Nobody has read for so long: the programs stop submitting. As PATIENCE_NS of addon/shared-maps.c. */
  unreadAfterMs: 60_000,
  /** What is blocked is blocked for so long after the last renewal; it is renewed every second. */
  enforcementLeaseMs: 4_000,
  /** Until the programs of detached links have ended: a few RCU grace periods. */
  detachMs: 1_000,
  /** Programs of an object under a running watch: the costliest four take a second of processor time, in which no ring is read. */
  loadedAtOnce: 4,
  procFileBytesMax: 64 * 1024,
} as const;
