// Every bound of the hub's pipeline and store, in one place. Units last.
import { limits as wireLimits } from "@atalaya/wire";

export const pipelineLimits = {
  /** Bytes of frames and audit records that are between arrival and commit; beyond it the sender is told to wait. */
  inFlightBytesMax: 64 * 1024 * 1024,
  /** What a sender that was refused waits, unless the queue tells otherwise. */
  retryAfterS: 1,
  /** Evaluator workers, whatever the machine has. */
  workersMax: 4,
  /** The longest wait that a refused sender is told. */
  retryAfterMaxS: 30,
  /** Streams (sender, node, boot, ring, class) whose committed positions are remembered. */
  streamsMax: 20_000,
  /** Of one node: beyond it its own oldest go, not another's. */
  streamsPerNodeMax: 256,
  /** Streams that one node may begin in an hour; a machine that starts again and again begins some ten each time. */
  newStreamsPerHourMax: 1_024,
  /** Committed ranges a stream remembers above its floor: how far out of order its frames may arrive. */
  streamRangesMax: 32,
  /** Audit records whose hash is remembered: about a minute at the rate of a large cluster. */
  auditWindowRecordsMax: 65_536,
  /** Events a second that one workspace's live stream shows; more are counted, not shown. */
  liveEventsPerSecondMax: 2_000,
  /** A rule that throws is our bug: it is counted and reported this many times, then only counted. */
  evaluationErrorsReportedMax: 20,
  /** Changes of rule files are gathered for this long: editors write in several steps. */
  ruleFilesSettleMs: 60,
  /** How often rule files are looked at, in case the file system tells nothing of changes. */
  ruleFilesPollMs: 2_000,
  ruleFileBytesMax: 4 * 1024 * 1024,
  ruleFilesMax: 2_048,
  /** A sensor that has not reported for this long is silent; where nothing happens it reports every 4 s. */
  sensorSilentUs: 10_000_000,
  /** Loss that grew within this time makes a sensor degraded. */
  sensorLossWindowUs: 60_000_000,
  sensorsMax: 20_000,
  /** Lives of a reporter's counters that are kept apart, and streams of one; older ones are folded into sums. */
  epochsMax: 8,
  /** Classes and reasons that one sum of counters tells apart: one report has 512 at most. */
  counterNamesMax: 1_024,
  /** How far ahead of our clock a state's version may be that a node claims to hold: clocks are wrong by less. */
  stateAheadMs: 366 * 86_400_000,
  epochStreamsMax: 32,
  /** Streams of no known epoch whose counts a node keeps apart. */
  looseStreamsMax: 16,
  /** A difference of a node's account that is not more than what passed in this time is movement between reports. */
  ledgerMovingMs: 15_000,
  ledgerLostLatelyMs: 60_000,
  ledgerPageDefault: 50,
  /** Nodes that have series of their own in /metrics, about a hundred each. */
  nodesInMetricsMax: 1_000,
  /** Requests that are held until there is news for their node. */
  heldSyncsMax: 2_048,
  heldSyncsPerNodeMax: 2,
  /** Signed states that are remembered: a change is asked for by every node, most of them several times. */
  signedStatesMax: 512,
  /** How often a sensor's last report is written down. */
  sensorSaveUs: 5_000_000,
  /** How often sensors are looked at for silence, and what policies ask for of pods is read anew where it changed. */
  sensorTickMs: 1_000,
  /** Seconds over which rates are averaged. */
  rateWindowS: 5,
  /** Ages of events at their commit that are kept for the p99 of the last minute. */
  behindSamplesMax: 8_192,
  /** How often the time of a credential's last use is written down. */
  credentialUsedUs: 60_000_000,
  /** Sessions and credentials that are remembered between requests. */
  secretsCachedMax: 10_000,
} as const;

export const storeLimits = {
  /** A group commit takes this many rows at most, so that one request does not wait for many others. */
  groupCommitRowsMax: 20_000,
  readers: 2,
  /** Pages of one day's file that a reader keeps: there may be many days. */
  dayCacheKib: 1_024,
  /** A query that takes longer is given up and its thread replaced. */
  queryDeadlineMs: 5_000,
  /** Queries that wait for one reader thread; more are refused. */
  queriesQueuedMax: 256,
  /** Open windows of rules that count which are read again at a start. */
  windowsRestoredMax: 100_000,
  /** Copies of the database, made before migrations, that are kept. */
  migrationCopiesKept: 3,
  /** Pages that a backup copies at once. */
  backupPagesAtOnce: 1_024,
  /** Room on the disk that is left for the log of the database, for reads and for people's changes: no event is taken into it. */
  reserveBytes: 32 * 1024 * 1024,
  /** At most this part of the disk, and this much more than it before events are taken again. */
  reserveShare: 0.1,
  reserveReopens: 1.25,
  roomLookedAtMs: 500,
  /** After a write that failed: how long no event is taken, and what a sender is told to wait. */
  writeRetryMs: 1_000,
  fullRetryAfterS: 5,
  /** The log that a checkpoint leaves behind is cut to this. */
  walKeptBytes: 32 * 1024 * 1024,
  /** Sessions that could not be written: they end with the hub. */
  unwrittenSessionsMax: 1_000,
  /** Days that resolved alerts and process life-cycle events are kept, and what all may take, unless told otherwise. */
  keepDays: 30,
  keepBytes: 10 * 1024 ** 3,
  /** How often what is too old is looked for; rows that one step deletes; the pause between steps. */
  retentionEveryMs: 60_000,
  alertsForgottenAtOnce: 10,
  forgottenAtOnce: 100,
  retentionPauseMs: 50,
  /** A ring that nobody sent of for this long has ended; its positions are forgotten. */
  streamKeptUs: 7 * 86_400_000_000,
  /** A repeat this long after the last one opens a new alert. */
  foldWindowUs: 3_600_000_000,
  /** Of an alert's texts, what is looked through for a query's words. */
  searchTextCharsMax: 8_192,
  /** Comments that one alert keeps. */
  alertCommentsMax: 1_000,
  cmdlineCharsMax: 4_096,
  /** Alerts of the histogram are counted a minute; older minutes go. */
  histogramKeptUs: 7 * 86_400_000_000,
  histogramUs: 3_600_000_000,
  alertsSinceMax: 1_000,
  /** Objects of one cluster; deleted ones are kept so long for alerts that come late. */
  inventoryObjectsMax: 200_000,
  goneObjectsKeptUs: 86_400_000_000,
  inventoryPageDefault: 50,
  /** Nodes and images of a workload that a list shows. */
  workloadNodesShownMax: 20,
  inventoryClustersMax: 1_000,
  /** Pods of a workspace whose labels policies are given. */
  labelledPodsMax: 65_536,
  /** Pods of one name, whose containers a search for processes looks into. */
  searchedPodsMax: 256,
  alertPageDefault: 50,
  /** Processes looked at while a tree is assembled, and children of one process that are shown. */
  treeVisitsMax: 2_000,
  treeChildrenMax: 50,
  /** Programs of one process that are shown, the last ones, and other alerts marked on one. */
  treeProgramsMax: 8,
  treeMarksMax: 10,
  statementsCachedMax: 256,
  processPageDefault: 50,
  /** What one search of processes takes before it gives what it has, and goes on when asked for the next page. */
  searchMs: 1_000,
  /** The first stretch of time that a search looks through; each is twice the one before while they are quick. */
  searchStretchUs: 600_000_000,
} as const;

if (wireLimits.ingestUnpackedBytesMax > pipelineLimits.inFlightBytesMax)
  throw new Error("the pipeline must hold the largest request");
