/** Every bound of the simulation, in one place. */
export const limits = {
  /** What is kept of a program's output; the rest is dropped and the result says so. */
  programOutputBytesMax: 1024 * 1024,
  /** A program that sets something up (ip, mount, runc) is done in well under a second. */
  programMs: 30_000,
  /** How long a program that was told to end may tidy up. */
  programGraceMs: 5_000,
  /** mmdebstrap takes about a minute with a near mirror. */
  rootBuildMs: 30 * 60_000,
  /** From the start of a container until its servers listen. */
  serversReadyMs: 20_000,
  containerdReadyMs: 20_000,
  standInsReadyMs: 10_000,
  /** One web request with one step of an attack; the port scan is the longest, about 3 s. */
  stepMs: 30_000,
  /** How long an alert may take, unless --timeout says otherwise. */
  alertMs: 15_000,
  alertSecondsMax: 3_600,
  /** How long the API server's audit log may take to the hub: what its alert may take. */
  auditMs: 10_000,
  /** A sensor that was just started reports within a second or two. */
  sensorReportsMs: 8_000,
  /** The stream is open within a network round trip. */
  streamOpenMs: 10_000,
  /** Kernel times and the clock of this process may differ by the rounding of the boot time. */
  clockToleranceUs: 100_000,
  /** Alerts remembered while a run lasts; a machine that raises more is in other trouble. */
  arrivalsMax: 10_000,
  /** Alerts of the audit log whose author is being asked for at one time. */
  askingMax: 32,
  containerMemoryBytes: 512 * 1024 * 1024,
  containerProcesses: 512,
  /** The run's folder is a tmpfs: what containers write never reaches a disk. */
  runFolderBytes: 512 * 1024 * 1024,
  /** One kubectl call on a cluster that is busy. */
  kubectlMs: 30_000,
  /** kubectl calls at one time: each is a process of its own. */
  kubectlAtOnce: 4,
  /** From `helm install` until both pods are ready, the pull of the image included. */
  installMs: 5 * 60_000,
  /** How often it is looked whether a pod can still start, and how long what looks hopeless is given. */
  podLookMs: 2_000,
  podHopelessMs: 15_000,
  /** All orders on a cluster; the longest waits 20 s for a scan. */
  attackMs: 10 * 60_000,
  /** Before a log that broke off is followed again. */
  followAgainMs: 500,
  /** Two pods with a grace period of a second, and their namespace. */
  removeMs: 2 * 60_000,
  /** What a run that nobody ended may take before another one removes it. */
  runMs: 20 * 60_000,
  /** A cluster's clock that differs by less is taken for ours: a line of a log takes as long to arrive. */
  clockDifferenceUs: 1_000_000,
  attackLineBytesMax: 4_096,
  /** One alert posted to `--listen`; Falco's are below 64 KiB. */
  postedBytesMax: 1024 * 1024,
  postedPerRequestMax: 1_000,
  mappingBytesMax: 1024 * 1024,
  standInBodyBytesMax: 64 * 1024,
} as const;
