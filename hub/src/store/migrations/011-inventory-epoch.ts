import { sql } from "kysely";
import type { Migration } from "../migrations.ts";

// When the inventory that counts was started, never later than the hub's own clock allowed when it was first heard: one
// that lies about it keeps the next one out for a minute, not for good.

const steps: readonly string[] = [
  "ALTER TABLE inventory_sources ADD COLUMN epoch_bound_us INTEGER NOT NULL DEFAULT 0",
  "UPDATE inventory_sources SET epoch_bound_us = min(epoch_us, seen_us + 60000000)",
];

export const inventoryEpoch: Migration = {
  version: 11,
  name: "when an inventory started",
  async up(db) {
    for (const step of steps) await sql.raw(step).execute(db);
  },
};
