import type { ProcessEvent } from "@atalaya/wire";
import type { ExecRecord } from "./kernel-record.ts";

export type ExeOrigin = NonNullable<ProcessEvent["exe_origin"]>;

/**
 * Where an executable comes from, seen from its container: the strongest that is known first. `isCopy` says that the
 * upper layer holds what the image holds. Without an overlay at its root a file of the image is not told from another.
 */
export function exeOriginOf(record: ExecRecord, isCopy: boolean): ExeOrigin {
  if (record.exeMemfd) return "memory";
  if (record.exeUpperLayer && !isCopy) return "upper";
  if (record.exeVolume) return "volume";
  return record.exeOverlay ? "image" : "unknown";
}
