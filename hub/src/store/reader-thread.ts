import { join } from "node:path";
import { parentPort, workerData } from "node:worker_threads";
import { Fault } from "@atalaya/wire";
import { storeLimits } from "../core/limits.ts";
import { type FaultMessage, packFault } from "../core/thread-fault.ts";
import { listEventFiles } from "./event-files.ts";
import { type OpenDatabase, openReadOnly } from "./node-sqlite.ts";
import { type ReaderFiles, type ReaderQuery, readerQueries } from "./reader-queries.ts";
import type { EventTables, HubTables } from "./schema.ts";
import { storeFault } from "./store-fault.ts";

// A reader thread: answers one query at a time from the last commit, and can be ended when one takes too long.

export type ToReader = { call: number; name: ReaderQuery; argument: unknown };
export type Answer = { call: number } & ({ value: unknown } | { fault: FaultMessage });
/** `ready`, once: it has loaded, so that what ends it later is a query and nothing else. */
export type FromReader = { ready: true } | Answer;

if (parentPort === null) throw new Error("this file is a worker's");
const hub = parentPort;
const { folder } = workerData as { folder: string };
const days = new Map<string, OpenDatabase<EventTables>>();

/** The days' files that are there now, oldest first; those that retention took are let go. */
function openDays(): OpenDatabase<EventTables>[] {
  const names = listEventFiles(folder).reverse();
  for (const [name, day] of days) {
    if (names.includes(name)) continue;
    day.close();
    days.delete(name);
  }
  for (const name of names) if (!days.has(name)) openDay(name);
  return names.flatMap((name) => days.get(name) ?? []);
}

/** A file that the writer is just making has no tables yet: it is opened by a later query. */
function openDay(name: string): void {
  const day = openReadOnly<EventTables>(join(folder, name), storeLimits.dayCacheKib);
  if (day.raw.prepare("SELECT 1 FROM sqlite_master WHERE name = 'process_ends'").get() === undefined) day.close();
  else days.set(name, day);
}

// Opened by the first query: the thread loads while the writer still migrates.
let files: ReaderFiles | undefined;
function openFiles(): ReaderFiles {
  files ??= { db: openReadOnly<HubTables>(join(folder, "hub.sqlite")), days: openDays };
  return files;
}

function answer({ call, name, argument }: ToReader): Answer {
  try {
    // The caller's types bind name and argument together; here they have crossed a thread.
    const query = readerQueries[name] as (files: ReaderFiles, argument: unknown) => unknown;
    return { call, value: query(openFiles(), argument) };
  } catch (error) {
    return { call, fault: packFault(storeFault(error) ?? failed(name, error)) };
  }
}

/** What is kept may be stranger than a query expects: that ends this query, and no other. */
function failed(query: ReaderQuery, error: unknown): Fault {
  // Without its message, which may repeat what is kept.
  const { name = "", stack = "" } = error instanceof Error ? error : {};
  const where = stack.split("\n").filter((line) => line.startsWith("    at "));
  process.stderr.write(`${[`atalaya: the query ${query} failed: ${name}`, ...where].join("\n")}\n`);
  const message = "The query failed by a fault of the hub's own; its log says more. Please report it.";
  return new Fault("QUERY_FAILED", message, { query });
}

hub.on("message", (message: ToReader) => hub.postMessage(answer(message)));
hub.postMessage({ ready: true } satisfies FromReader);
