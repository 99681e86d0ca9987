import type { Kysely } from "kysely";
import { firstTables } from "./migrations/001-first-tables.ts";
import { enrolment } from "./migrations/002-enrolment.ts";
import { nodeAccounts } from "./migrations/003-node-accounts.ts";
import { windowLog } from "./migrations/004-window-log.ts";
import { retention } from "./migrations/005-retention.ts";
import { auditSenders } from "./migrations/006-audit-senders.ts";
import { inventory } from "./migrations/007-inventory.ts";
import { who } from "./migrations/008-who.ts";
import { whoByTime } from "./migrations/009-who-by-time.ts";
import { whoKept } from "./migrations/010-who-kept.ts";
import { inventoryEpoch } from "./migrations/011-inventory-epoch.ts";
import { recordings } from "./migrations/012-recordings.ts";
import type { HubTables } from "./schema.ts";

export type Migration = { version: number; name: string; up(db: Kysely<HubTables>): Promise<void> };

/** A file each: what landed is never changed. A database lacks whichever it has not noted, whatever their order. */
export const migrations: readonly Migration[] = [
  firstTables,
  enrolment,
  nodeAccounts,
  windowLog,
  retention,
  auditSenders,
  inventory,
  who,
  whoByTime,
  whoKept,
  inventoryEpoch,
  recordings,
];
