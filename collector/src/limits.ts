// Every bound of the collector's user side, in one place. Units last.

export const collectorLimits = {
  /** Processes that the table knows, the recently ended included. */
  processesMax: 65_536,
  /** An ended process is kept so long: its events and its children's may still lie in a ring. */
  exitGraceUs: 30_000_000,
  /** Where more than so many have ended, only so long: 900 starts a second left 27,000, which were 40 MB. */
  endedMax: 8_192,
  exitGraceCrowdedUs: 5_000_000,
  /** From one look whether the programs still hang to the next. */
  selfWatchMs: 5_000,
  /** From one look at all processes, after some were lost, to the next. */
  healMs: 5_000,
  /** Control groups over their budgets that a report names, and how long after they were last. */
  throttledMax: 16,
  throttledMs: 60_000,
  groupNameMax: 256,
  /** Ended processes whose pid another has by now, and whose records still come. */
  lateProcessesMax: 1_024,
  /** Generations that are walked up in the first snapshot to find how a line came into its container. */
  seedDepthMax: 512,
  /** Command lines of ancestors travel with every event: cut to so many UTF-16 units. */
  cmdlineLengthMax: 1_024,
  /** An argument list, all arguments together; longer ones are cut and counted. */
  argvLengthMax: 65_536,
  /** Control groups whose path is remembered, per hierarchy; as many again below containers' own. */
  cgroupPathsMax: 32_768,
  /** A scan of the cgroup file systems at the start looks at so many directories. */
  cgroupScanMax: 65_536,
  containersMax: 8_192,
  /** A bundle or a runtime's state; runc's state of a container with many mounts is some 100 KiB. */
  bundleBytesMax: 4 * 1024 * 1024,
  /** Of a container's mounts: how many are told, the length of a path, of all together (UTF-16 units). */
  mountsMax: 64,
  mountPathMax: 1_024,
  mountsLengthMax: 8_192,
  /** What addresses are called: addresses in a pod, and in all; names of one; how long an answer counts whatever it says of itself. */
  scopeAddressesMax: 256,
  addressesMax: 32_768,
  addressNamesMax: 8,
  nameKeptMinUs: 600_000_000,
  nameKeptMaxUs: 86_400_000_000,
  /** A file that is not there yet is looked for again on events, first after so long, then doubling. */
  bundleRetryFirstMs: 20,
  bundleRetryLastMs: 10_000,
  /** /etc/passwd of a container: hostile; a larger one is not read. */
  passwdBytesMax: 256 * 1024,
  passwdNamesMax: 4_096,
  mountInfoBytesMax: 512 * 1024,
  /** Of files of an image that were copied up: content read in a second, at a time, verdicts and mounts remembered. */
  copyBytesMax: 64 * 1024 * 1024,
  copyReadBytes: 256 * 1024,
  copiesMax: 4_096,
  copyMountsMax: 256,
  copyResidentsMax: 4,
  /** Of scripts that are executed by name: looked up in a second, and for how long; steps and links of a path, content that is compared. */
  scriptLooksMax: 200,
  scriptLookMs: 100,
  scriptStepsMax: 128,
  scriptBytesMax: 256 * 1024,
  /** Tries for it without a pause; then one in so long. */
  userTriesMax: 12,
  userRetryMs: 100,
  /** Drained at once from each ring; frames in the window hold about as much. */
  drainBytesMax: 1024 * 1024,
  /** From one beat of the heart to the next, which judges it. */
  heartbeatMs: 30_000,
  /** From one look at the rings to the next: where it found something; where more is left, or a control group is new; at most. */
  drainBusyMs: 20,
  drainSoonMs: 10,
  drainIdleMs: 50,
  /** With nothing to do, the rings are looked at without waking JavaScript up: for so long at most. */
  drainRestMs: 5_000,
  /** What is drained so shortly after something was handed over waits for more, up to so many events. */
  handOverMs: 100,
  handOverEvents: 1_024,
  /** From one report to the next; and where the last look found nothing to report, until something happens. */
  reportMs: 1_000,
  reportAtRestMs: 2_000,
  /** A report that says nothing new is sent so long after the last; the hub takes who says nothing for 10 s for silent. */
  reportQuietMs: 4_000,
  /**
   * Frames and bytes that the publisher has not yet acknowledged; then draining stops. A drain makes a frame for each
   * class: at 2,000 events/s the bytes end after some 13 s, the frames later.
   */
  windowFramesMax: 4_096,
  windowBytesMax: 16 * 1024 * 1024,
  /** While two sets of programs watch: records of the old one that are remembered to know their twins. */
  twinsMax: 131_072,
  twinDistanceUs: 1_000,
  /** Records of two rings come in the order of their times but for so much. */
  twinsGraceUs: 1_000_000,
  /** For a filter plan, before the programs of another version (which have one) are let go. */
  handoverPatienceMs: 5_000,
  /** The node's file about blocking; it is looked at so often, and so is what became known of containers. */
  permitBytesMax: 64 * 1024,
  permitScopesMax: 256,
  blockingStepMs: 250,
  /** From one look for containers that have ended to the next. */
  blockingSweepMs: 10_000,
  caBytesMax: 256 * 1024,
  /** A signed state (at most 4 MiB of text) as JSON. */
  keptStateBytesMax: 9 * 1024 * 1024,
  /** For the publisher's word on what it has already. */
  resumePatienceMs: 2_000,
  /** The flight recorder: containers whose numbers are remembered, a frame's body, encoders that are kept for later. */
  recordingsMax: 2_048,
  /** From one look for recorded containers that have ended to the next. */
  recordedSweepMs: 10_000,
  /** Pairs of control groups of which the kernel knows whose they are (bpf/limits.h). */
  groupOwnersMax: 8_192,
  /** Records that are so much younger than the watch come after all about what ran before it. */
  sureAfterUs: 5_000_000,
  /** So long recorded events are gathered, and with each report all that were: the publisher waits for as long. */
  recordedPauseMs: 200,
  recordedFrameBytesMax: 256 * 1024,
  recorderEncodersMax: 32,
  /** What may wait in the socket before recorded frames are left out: those that must arrive go first. */
  recordedWaitingBytesMax: 4 * 1024 * 1024,
  reconnectFirstMs: 50,
  /** Failed tries before the log speaks of it: about three seconds. */
  reconnectsQuiet: 8,
  reconnectLastMs: 500,
  /** For the collector before us, and for what the publisher removes, when the machine is left for good. */
  leavePatienceMs: 20_000,
  leaveLookMs: 250,
  /** The audit log: a look at it when nothing came; the least rest between two reads while there is more. */
  auditIdleMs: 100,
  auditBusyMs: 10,
  /** With a backlog, so many times the processor time of a read is rested: at most a fifth of a processor. */
  auditRestFactor: 4,
  /** Reads (of at most 256 KiB, or one line) and bytes of frames that the publisher has not acknowledged. */
  auditWindowReadsMax: 64,
  auditWindowBytesMax: 8 * 1024 * 1024,
  /** Between two writes of the place in the log: what the publisher says that it has is as good. */
  auditSaveMs: 1_000,
  auditAccountBytesMax: 1024 * 1024,
  auditHeapMebibytesMax: 128,
  auditRestartMs: 5_000,
  /** It says how it is once a second; a read of what a client made heavy takes some. */
  auditQuietMs: 15_000,
  auditStopPatienceMs: 800,
  stopPatienceMs: 1_800,
  unpinPatienceMs: 1_000,
} as const;
