import { parentPort } from "node:worker_threads";
import { type AuditEvents, auditEventsFromBody } from "@atalaya/audit";
import type { Result } from "@atalaya/wire";

// A thread that reads bodies of audit records, one after another: what clients made an API server write is parsed here.

export type ToAuditReader = { body: Uint8Array<ArrayBuffer>; receivedUs: number };
export type FromAuditReader = Result<AuditEvents>;

parentPort?.on("message", ({ body, receivedUs }: ToAuditReader) => {
  const read: FromAuditReader = auditEventsFromBody(Buffer.from(body.buffer), { receivedUs });
  parentPort?.postMessage(read);
});
