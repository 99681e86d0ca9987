import { randomBytes } from "node:crypto";
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import type { LogPlace } from "@atalaya/audit";
import type { CollectorReason } from "@atalaya/wire";
import { writeWhole } from "@atalaya/wire/files";
import * as z from "zod";
import { Counters } from "../counters.ts";
import type { Counter } from "../kernel-record.ts";
import { collectorLimits } from "../limits.ts";
import { readSmallFile } from "../small-file.ts";

const count = z.number().int().nonnegative();
const hexadecimal = (digits: number) => z.string().regex(new RegExp(`^[0-9a-f]{${digits}}$`));
const readFileSchema = z.object({
  bytes: count,
  hash: z.string().max(64),
  end: count,
  tail: z.string().max(64).optional(),
});
const tuplesSchema = z.array(z.tuple([z.string().max(32), z.string().max(48), count])).max(64);

// Written whole: place and counts are of the same moment, so that after a kill the records that are read again are
// counted again, too.
const keptSchema = z.object({
  format: z.literal(1),
  path: z.string().max(4_096),
  bootId: hexadecimal(32),
  stream: hexadecimal(16),
  place: z.object({
    position: count,
    files: z.array(readFileSchema).max(2_048),
    open: readFileSchema.optional(),
    knowsCompressed: z.literal(true).optional(),
  }),
  totals: tuplesSchema,
  epoch: z.string().max(64),
  base: tuplesSchema,
});
type Kept = z.infer<typeof keptSchema>;

/** What an earlier run kept; `unreadable` where there is something, and it is not to be understood. */
export type KeptRead = Kept | "none" | "unreadable";

export function readKept(folder: string): KeptRead {
  const file = readSmallFile(fileIn(folder), collectorLimits.auditAccountBytesMax);
  if ("problem" in file) return file.problem === "missing" ? "none" : "unreadable";
  try {
    const read = keptSchema.safeParse(JSON.parse(file.text));
    return read.success ? read.data : "unreadable";
  } catch {
    return "unreadable";
  }
}

/** What was counted under an epoch of the sensor by the time it was kept. */
export function keptCounters(folder: string, epoch: string): Counter[] {
  const kept = readKept(folder);
  if (typeof kept === "string" || kept.epoch !== epoch) return [];
  return difference(kept.totals, kept.base);
}

/**
 * How far the audit log was handed on, and what became of its records: kept in the collector's state folder. The sensor's
 * reports count by epoch, and the log outlives many: what was counted before the present one is `base`.
 */
export class AuditAccount {
  readonly #folder: string;
  readonly #path: string;
  readonly #bootId: string;
  readonly #totals: Counters;
  #epoch: string;
  #base: Kept["base"];
  /** Names the positions in the log: as long as its place is kept. */
  readonly stream: string;
  /** Where an earlier run ended; undefined where there is none that counts. */
  readonly earlierPlace: LogPlace | undefined;

  /** `bootId` is of now; frames go on under the one that they began with, since the log goes on over reboots. */
  constructor(folder: string, path: string, bootId: string, epoch: string) {
    this.#folder = folder;
    this.#path = path;
    const kept = readKept(folder);
    const known = typeof kept === "string" ? undefined : kept;
    const goesOn = known?.path === path ? known : undefined;
    this.#bootId = goesOn?.bootId ?? bootId;
    this.stream = goesOn?.stream ?? randomBytes(8).toString("hex");
    this.earlierPlace = goesOn?.place;
    this.#totals = new Counters((known?.totals ?? []).map(fromTuple));
    this.#epoch = known?.epoch ?? "";
    this.#base = known?.base ?? [];
    this.#beginEpoch(epoch);
    if (kept === "unreadable") this.add("account_unreadable");
  }

  get bootId(): string {
    return this.#bootId;
  }

  /** The sensor's counters have begun another life: ours are told from here on. */
  #beginEpoch(epoch: string): void {
    if (epoch === this.#epoch) return;
    this.#epoch = epoch;
    this.#base = this.#totals.list().map(toTuple);
  }

  add(reason: CollectorReason, count = 1): void {
    this.#totals.add("api", reason, count);
  }

  /** Of the present epoch. */
  counters(): Counter[] {
    return difference(this.#totals.list().map(toTuple), this.#base);
  }

  /** Throws what the disk throws. */
  save(place: LogPlace): void {
    const { position, files, open, knowsCompressed } = place;
    const kept: Kept = {
      format: 1,
      path: this.#path,
      bootId: this.#bootId,
      stream: this.stream,
      place: {
        ...{ position, files: [...files] },
        ...(open === undefined ? {} : { open }),
        ...(knowsCompressed === undefined ? {} : { knowsCompressed }),
      },
      totals: this.#totals.list().map(toTuple),
      epoch: this.#epoch,
      base: this.#base,
    };
    mkdirSync(this.#folder, { recursive: true, mode: 0o700 });
    writeWhole(fileIn(this.#folder), JSON.stringify(kept));
  }
}

function fileIn(folder: string): string {
  return join(folder, "audit-log.json");
}

function difference(totals: Kept["base"], base: Kept["base"]): Counter[] {
  const before = new Map(base.map(([of, reason, value]) => [`${of} ${reason}`, value]));
  return totals
    .map(([of, reason, value]) => ({ class: of, reason, value: value - (before.get(`${of} ${reason}`) ?? 0) }))
    .filter((one) => one.value > 0);
}

function toTuple({ class: of, reason, value }: Counter): Kept["base"][number] {
  return [of, reason, value];
}

function fromTuple([of, reason, value]: Kept["base"][number]): Counter {
  return { class: of, reason, value };
}
