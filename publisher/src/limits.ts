// Every bound of the publisher, in one place. Units last.
import { limits as wireLimits } from "@atalaya/wire/framing";

const mebibyte = 1024 * 1024;

export const limits = {
  /** What may lie on disk unless --spool-bytes says otherwise: both lanes together. */
  spoolBytesMax: 1024 * mebibyte,
  spoolBytesLeast: mebibyte,
  /** A segment file is closed at this size, or at a sixteenth of the spool; it goes when all of it was delivered. */
  segmentBytesMax: 4 * mebibyte,
  /** Frames older than this are given up: for so long an expired certificate can still be renewed. */
  spoolAgeMsMax: 7 * 86_400_000,
  ageCheckMs: 60_000,
  /** Frames of one block before compression; a larger frame has a block of its own. */
  blockBytesMax: mebibyte,
  /** Newest blocks that are kept in memory too (packed), per lane, so that a prompt delivery reads nothing from disk. */
  memoryBytesMax: 4 * mebibyte,
  /** Read at once from a segment. */
  readBytes: 256 * 1024,
  /** Rings and classes whose last position is remembered. */
  streamsMax: 64,
  /** One request's frames before compression. */
  batchBytesMax: 4 * mebibyte,
  batchBlocksMax: wireLimits.ingestPiecesMax,
  /** The flight recorder: what it may take of the disk beside the spool, and how long it keeps what it has. */
  recorder: {
    bytesMax: 64 * mebibyte,
    bytesLeast: mebibyte,
    ageMsMax: 600_000,
    fileBytesMax: 4 * mebibyte,
    /** A file gets no more after this: so much longer than its time may a part of it stay. */
    fileAgeMsMax: 60_000,
    writePauseMs: 500,
    /** A container that records more than this part of the cap in a minute is loud; of the cap, loud ones may keep this. */
    loudPartPerMinute: 1 / 32,
    loudPartKept: 1 / 4,
    /** Containers that are told apart within a minute. */
    containersMax: 4_096,
    /** Frames that wait for the next write; what comes beyond is counted as unwritten. */
    waitingBytesMax: 8 * mebibyte,
    ageCheckMs: 15_000,
    /** A pull is answered so long after it came: what the collector gathers then is here. */
    answerPauseMs: 1_500,
    /** Answers that wait to be sent, or are tried again. */
    pullsMax: 32,
  },
  /** Between the starts of two writes, each of which is synced; the first after a silence goes at once. */
  writePauseMs: { life: 60, bulk: 200 },
  /** Under pressure (a write takes long) the pause grows to this. */
  writePauseMostMs: { life: 150, bulk: 500 },
  /** A disk that takes nothing is asked again after so long. */
  writeRetryMs: 1_000,
  /** After the disk was full, files and network are stored again when so much is free, or after so long. */
  roomyBytes: 16 * mebibyte,
  roomyMs: 5_000,
  /** What was delivered is written down so long after it. */
  headPauseMs: 250,
  /** After a read that left nothing behind, the socket rests so long: many small messages become one read. */
  readPauseMs: 60,
  /** Where more than this was read since the last rest, the next is shorter in proportion. */
  readPauseBytes: 64 * 1024,
  /** Frames that were received and wait for the disk; beyond it the socket is not read. */
  unwrittenBytesMax: 32 * mebibyte,
  /** Between the starts of two small requests; the first after a silence goes at once. */
  requestPauseMs: { life: 150, bulk: 250 },
  /** Under pressure (a request takes long) the pause grows to this. */
  requestPauseMostMs: { life: 300, bulk: 500 },
  requestTimeoutMs: 30_000,
  backOff: { firstMs: 100, mostMs: 30_000, least: 0 },
  /** A hub that refuses our credential is asked again this often. */
  refusedRetryMs: 10_000,
  /** A revoked node asks again this often whether it still is. */
  revokedRetryMs: 60_000,
  /** A token that may come, or come anew, is looked for this often. */
  tokenLookMs: 2_000,
  renewRetryMs: 5_000,
  /** A clock set back further than this behind a certificate's arrival makes its renewal due. */
  clockBackUs: 7_200_000_000,
  /** So long the hub may hold a sync, and so close may two follow each other. */
  syncHoldS: 5,
  syncLeastMs: 500,
  replyBytesMax: 8 * mebibyte,
  stopPatienceMs: 2_000,
  lastWordMs: 500,
  collectorsMax: 16,
  /** Pods of the node whose claims wait for the hub, and the length of a token (as in wire/src/sync.ts). */
  claimsMax: 4,
  claimTokenCharsMax: 16_384,
  /** So long without a word of the hub, and this publisher is not ready. */
  hubSilentMs: 60_000,
  /** A folder that the collector has to share is looked at this often. */
  folderLookMs: 500,
} as const;

if (limits.batchBytesMax + wireLimits.frameBytesMax > wireLimits.ingestUnpackedBytesMax)
  throw new Error("a batch and one more frame must fit into a request");
