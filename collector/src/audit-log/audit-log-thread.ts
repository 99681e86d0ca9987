import { parentPort, workerData } from "node:worker_threads";
import { AuditLogLoop } from "./audit-log-loop.ts";
import type { AuditThreadOptions } from "./audit-log-messages.ts";

// A thread of its own, with a bound of its own on memory: what clients make an API server write is parsed here.
if (parentPort !== null) new AuditLogLoop(workerData as AuditThreadOptions, parentPort);
