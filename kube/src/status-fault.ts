import { Fault } from "@atalaya/wire/framing";
import { kubeLimits } from "./limits.ts";

/**
 * What an API server refused, as a Fault KUBE_REFUSED: facts `status` (the HTTP code), `reason` (Kubernetes' word for it,
 * e.g. NotFound, Forbidden, Expired) and `path`. `status` is the answer's body or a watch's ERROR object: an API Status,
 * or anything else that stands between answers.
 */
export function statusFault(status: unknown, path: string, httpCode: number): Fault {
  const said = (typeof status === "object" && status !== null ? status : {}) as Record<string, unknown>;
  const code = typeof said["code"] === "number" && said["code"] >= 400 ? said["code"] : httpCode;
  const reason = typeof said["reason"] === "string" ? printable(said["reason"], 64) : "";
  const message = typeof said["message"] === "string" ? printable(said["message"], kubeLimits.messageCharsMax) : "";
  const why = message === "" ? `status ${code}` : message;
  return new Fault("KUBE_REFUSED", `The Kubernetes API server refused ${path}: ${why}`, { status: code, reason, path });
}

/** True for 410: the version asked for is gone from etcd, list again. */
export function isGone(error: unknown): boolean {
  return error instanceof Fault && error.code === "KUBE_REFUSED" && error.facts["status"] === 410;
}

/** True for 404. */
export function isNotFound(error: unknown): boolean {
  return error instanceof Fault && error.code === "KUBE_REFUSED" && error.facts["status"] === 404;
}

/** Logs are lines: nothing of what a server says may begin a new one. */
function printable(text: string, charsMax: number): string {
  return text.slice(0, charsMax).replace(/[^\x20-\x7e\u00a0-\u{10ffff}]/gu, " ");
}
