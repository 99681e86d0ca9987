import type { SyncRequest } from "@atalaya/wire";
import type { IdentityKeeper } from "./identity/identity-keeper.ts";
import type { Recorder } from "./recorder/recorder.ts";
import type { Spool } from "./spool/spool.ts";
import { spoolCounters } from "./spool/spool-ledger.ts";
import { publisherVersion } from "./version.ts";

const startedUs = Math.round(performance.timeOrigin * 1_000);

/** How this publisher is, as every sync tells it. */
export function publisherReport(spool: Spool, keeper: IdentityKeeper, recorder: Recorder): SyncRequest["publisher"] {
  const cpu = process.cpuUsage();
  const { life, bulk } = spool.lanes;
  return {
    version: publisherVersion,
    epoch: spool.epoch,
    started_us: startedUs,
    now_us: Date.now() * 1_000,
    cpu_us: cpu.user + cpu.system,
    memory_bytes: process.memoryUsage.rss(),
    spool: {
      bytes: spool.bytes,
      bytes_max: spool.bytesMax,
      frames: spool.pendingFrames,
      oldest_us: spool.oldestUs,
      writable: spool.writable,
    },
    certificate_expires_us: keeper.facts?.expires_us ?? null,
    counters: spoolCounters([life.state, bulk.state]),
    ...(recorder.isUsed && { recorder: recorderReport(recorder) }),
  };
}

function recorderReport({ bytes, bytesMax, oldestUs, counts }: Recorder): SyncRequest["publisher"]["recorder"] {
  return { bytes, bytes_max: bytesMax, oldest_us: oldestUs ?? null, ...counts };
}
