import { readdirSync } from "node:fs";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { setTimeout as sleep } from "node:timers/promises";
import { alertPageSchema, ledgerPageSchema, type NodeLedger } from "@atalaya/wire";
import type { HubClient } from "@atalaya/wire/client";
import { attackOf, attackRule } from "./attacker.ts";
import { soakNode } from "./part-arguments.ts";

const lookAgainMs = 250;

/** The account of our node, as the hub's API gives it; undefined before the node is known. */
export async function nodeAccount(client: HubClient): Promise<NodeLedger | undefined> {
  const page = await client.get("/api/v1/ledger", ledgerPageSchema);
  return page.nodes.find((one) => one.node === soakNode);
}

/**
 * Waits until nothing is on its way any more and the account balances, at most so long; gives the last account read.
 * Only while no collector runs can it stand still: the rest of the machine goes on making events.
 */
export async function settledAccount(client: HubClient, patienceMs: number): Promise<NodeLedger> {
  const until = performance.now() + patienceMs;
  let last: NodeLedger | undefined;
  let failure: unknown;
  for (;;) {
    try {
      last = (await nodeAccount(client)) ?? last;
    } catch (error) {
      failure = error;
    }
    if (last !== undefined && isSettled(last)) return last;
    if (performance.now() > until) {
      if (last === undefined) throw failure ?? new Error("the hub gives no account of the node");
      return last;
    }
    await sleep(lookAgainMs);
  }
}

/** Nothing waits at the publisher; what a stopped collector left in the rings is the next one's. */
function isSettled(account: NodeLedger): boolean {
  const atPublisher = account.rows.filter((row) => row.hop === "publisher").reduce((sum, row) => sum + row.pending, 0);
  return account.balanced && atPublisher === 0;
}

/** What was lost of a class between two accounts, at every hop and by name: `publisher given_up 12`. */
export function losses(before: NodeLedger | undefined, after: NodeLedger, ofClass: string): Map<string, number> {
  const found = new Map<string, number>();
  const add = (of: NodeLedger | undefined, sign: number) => {
    for (const row of of?.rows ?? []) {
      if (row.class !== ofClass) continue;
      for (const { reason, value } of row.lost) {
        const name = `${row.hop} ${reason}`;
        found.set(name, (found.get(name) ?? 0) + sign * value);
      }
    }
  };
  add(after, 1);
  add(before, -1);
  for (const [name, value] of found) if (value <= 0) found.delete(name);
  return found;
}

const patienceMs = 5_000;

/** The numbers of the load's programs that are in the hub's process table, read beside the hub from its files. */
export function execsInStore(hubFolder: string, tag: string): Map<number, number> {
  const found = new Map<number, number>();
  const end = new RegExp(` ${tag} (\\d+)$`);
  for (const name of readdirSync(hubFolder)) {
    if (!/^events-\d{8}\.sqlite$/.test(name)) continue;
    // While the hub makes it, it is locked.
    const db = new DatabaseSync(join(hubFolder, name), { readOnly: true, timeout: patienceMs });
    // The hub makes the file, then its tables.
    const isMade = db.prepare("SELECT 1 FROM sqlite_master WHERE name = 'process_steps'").get() !== undefined;
    if (!isMade) {
      db.close();
      continue;
    }
    const query = db.prepare("SELECT cmdline FROM process_steps WHERE kind = 1 AND cmdline LIKE ?");
    for (const { cmdline } of query.iterate(`% ${tag} %`)) {
      const number = Number(end.exec(String(cmdline))?.[1] ?? Number.NaN);
      if (Number.isInteger(number)) found.set(number, (found.get(number) ?? 0) + 1);
    }
    db.close();
  }
  return found;
}

/** The attacks that alerted, each with how often its alert counted it. */
export async function alertedAttacks(client: HubClient, containerId: string): Promise<Map<number, number>> {
  const found = new Map<number, number>();
  let cursor: string | undefined;
  do {
    const query = new URLSearchParams({ rule: attackRule, container: containerId, limit: "200" });
    if (cursor !== undefined) query.set("cursor", cursor);
    const page = await client.get(`/api/v1/alerts?${query}`, alertPageSchema);
    for (const alert of page.alerts) {
      const number = attackOf(alert.summary.en);
      if (number !== undefined) found.set(number, (found.get(number) ?? 0) + alert.count);
    }
    cursor = page.next_cursor;
  } while (cursor !== undefined);
  return found;
}
