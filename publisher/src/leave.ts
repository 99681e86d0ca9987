import { existsSync, rmSync } from "node:fs";
import { setTimeout as pause } from "node:timers/promises";
import { Counters } from "./counters.ts";
import { limits } from "./limits.ts";
import { FileLock } from "./spool/file-lock.ts";
import { Spool } from "./spool/spool.ts";
import { spoolCounters } from "./spool/spool-ledger.ts";

export type WhatIsLeft = {
  socket: string;
  spoolFolder: string;
  identityFolder: string;
  say: (line: string) => void;
};

/**
 * Removes what a publisher left on this machine: socket, spool and identity. A publisher that still runs is waited for;
 * what the hub has not taken is dropped, and how much that is is said. Throws what the disk throws.
 */
export async function leave(of: WhatIsLeft): Promise<void> {
  const lock = `${of.socket}.lock`;
  const held = await lockOf(lock);
  if (existsSync(of.spoolFolder)) of.say(await dropped(of.spoolFolder));
  for (const folder of [of.spoolFolder, of.identityFolder]) rmSync(folder, { recursive: true, force: true });
  rmSync(of.socket, { force: true });
  rmSync(lock, { force: true });
  held?.release();
}

async function lockOf(path: string): Promise<FileLock | undefined> {
  for (;;) {
    try {
      const lock = FileLock.take(path);
      if (lock !== undefined) return lock;
    } catch {
      // The folder is gone, or was never there.
      return undefined;
    }
    await pause(limits.folderLookMs);
  }
}

async function dropped(folder: string): Promise<string> {
  const spool = new Spool({ folder, counters: new Counters() });
  try {
    await spool.open();
  } catch {
    return "what waited for the hub is dropped; how much that is cannot be read from the spool";
  }
  const { life, bulk } = spool.lanes;
  const waiting = spoolCounters([life.state, bulk.state]).filter(({ reason }) => reason === "pending");
  const frames = spool.pendingFrames;
  await spool.close();
  if (frames === 0) return "the hub has all that this node stored for it";
  const events = waiting.map((one) => `${one.value} ${one.class}`).join(", ");
  return `dropped ${frames} frames that the hub has not taken (events: ${events})`;
}
