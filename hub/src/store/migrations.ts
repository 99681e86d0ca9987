import type { Kysely } from "kysely";
import { firstTables } from "./migrations/001-first-tables.ts";
import { enrolment } from "./migrations/002-enrolment.ts";
import type { HubTables } from "./schema.ts";

export type Migration = { version: number; name: string; up(db: Kysely<HubTables>): Promise<void> };

/** Only ever appended, a file each: what landed is never changed. */
export const migrations: readonly Migration[] = [firstTables, enrolment];
