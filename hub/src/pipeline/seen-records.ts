import { createHash } from "node:crypto";
import { pipelineLimits } from "../core/limits.ts";

export const recordHashBytes = 16;

/** Names an audit record by all of its content: never by its audit ID, which a client can choose. */
export function recordHash(record: string): string {
  return createHash("sha256").update(record).digest().toString("latin1", 0, recordHashBytes);
}

/** The records of one cluster that were seen lately; the oldest are forgotten beyond the limit. */
export class SeenRecords {
  readonly #hashes = new Set<string>();

  /** False when the record was seen before. */
  add(hash: string): boolean {
    if (this.#hashes.has(hash)) return false;
    this.#hashes.add(hash);
    if (this.#hashes.size > pipelineLimits.auditWindowRecordsMax) {
      for (const oldest of this.#hashes) {
        this.#hashes.delete(oldest);
        break;
      }
    }
    return true;
  }

  delete(hash: string): void {
    this.#hashes.delete(hash);
  }
}
