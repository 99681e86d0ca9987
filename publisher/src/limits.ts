// Every bound of the publisher, in one place. Units last.
import { limits as wireLimits } from "@atalaya/wire";

export const limits = {
  /** A segment file is closed at this size; it goes when all of it was delivered. */
  segmentBytesMax: 16 * 1024 * 1024,
  /** What may lie on disk: process life-cycle and reports in one half, files and network in the other. */
  spoolBytesMax: 1024 * 1024 * 1024,
  /** Newest frames that are kept in memory too, so that a prompt delivery reads nothing from disk. */
  memoryBytesMax: 16 * 1024 * 1024,
  /** One request's frames before compression. */
  batchBytesMax: 4 * 1024 * 1024,
  batchFramesMax: 512,
  /** Between the starts of two writes, each of which is synced; the first after a silence goes at once. */
  writePauseMs: 25,
  /** What was delivered is written down so long after it. */
  headPauseMs: 200,
  /** Frames that were received and wait for the disk; beyond it the socket is not read. */
  unwrittenBytesMax: 32 * 1024 * 1024,
  /** Between the starts of two small requests; the first after a silence goes at once. */
  requestPauseMs: 100,
  requestTimeoutMs: 30_000,
  backOffFirstMs: 100,
  backOffMostMs: 30_000,
  /** A hub that refuses our credential is asked again this often. */
  refusedRetryMs: 10_000,
  replyBytesMax: 4 * 1024 * 1024,
  stopPatienceMs: 2_000,
  collectorsMax: 16,
} as const;

if (limits.batchBytesMax + wireLimits.frameBytesMax > wireLimits.ingestUnpackedBytesMax)
  throw new Error("a batch and one more frame must fit into a request");
