// Every bound of who did it, in one place. Units last.

export const whoLimits = {
  /** How far the clocks of an API server and of a node may lie apart. Nodes whose clock is wrong are told of elsewhere. */
  clockSkewUs: 1_000_000,
  /**
   * How long after a session was opened its process may start: containerd and CRI-O wait 30 s for the client to open its
   * streams (k8s.io/kubelet DefaultStreamCreationTimeout; a client can stretch that on purpose), then a busy runtime takes seconds.
   */
  startsWithinUs: 40_000_000,
  /** A client that goes at once leaves a runtime that is still starting its process. */
  startsAfterEndUs: 10_000_000,
  /** From the request to the upgrade of its connection, where only the session's end was written down: admission takes up to 30 s. */
  openedWithinUs: 30_000_000,
  /** How far behind its newest record a node's older records may still come in. */
  settleSlackUs: 1_000_000,
  /** How long an ephemeral container may take to start: its image is pulled first. */
  debugStartsWithinUs: 600_000_000,
  /** An audit record may come so long after a process: later ones change nothing that was said of it. */
  auditLateMaxUs: 900_000_000,
  /** Starts that nobody is known for stay a little longer than that, counted from their arrival. */
  startKeptUs: 1_200_000_000,
  /** What a container began with stays longer: whatever comes in later is known by it not to be the first. */
  firstKeptUs: 604_800_000_000,
  /** Sessions stay a day after their last record: a node that was cut off sends its processes late. */
  sessionKeptUs: 86_400_000_000,
  /** Sessions and starts of one pod that are told apart; beyond them everything is `too_many`. */
  sessionsMax: 64,
  startsMax: 256,
  /** Of one pod around the time that is looked at; beyond that it is `too_many`. */
  sessionsReadMax: 128,
  startsReadMax: 256,
  /** Of one pod and one kind, around the time that is looked at; beyond that nobody is known. */
  presentReadMax: 128,
  /** Of those, also the ended ones, the newest that are looked through for it: an answer stands in the way of a commit. */
  presentScannedMax: 1_024,
  /** Pods that had one name after another, the newest. */
  podsOfNameMax: 64,
  podsSettledAtOnce: 64,
  /** Pods that are looked at in one commit, and that wait for the next ones. */
  podsJoinedAtOnce: 256,
  podsWaitingMax: 65_536,
  /** Times that are to be judged of one pod that waits. */
  windowsWaitingMax: 64,
  /** Sessions that one answer names. */
  namedMax: 16,
  commandArgumentsMax: 256,
  argumentCharsMax: 1_024,
  groupsMax: 32,
  addressesMax: 8,
  textCharsMax: 256,
  /** Lines of processes that one alert keeps. */
  alertEntriesMax: 64,
  /** Alerts of a pod that are looked at again when somebody becomes known, the newest. */
  podAlertsMax: 256,
  /** How far ahead of the hub's clock a node's records may claim to be. */
  heardAheadUs: 60_000_000,
  forgottenAtOnce: 500,
} as const;
