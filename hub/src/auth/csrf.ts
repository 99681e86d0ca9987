import { Fault } from "@atalaya/wire";
import type { FastifyRequest } from "fastify";

/** What the page sends with each change; another site's script cannot set it without our leave (no CORS is granted). */
export const csrfHeader = "x-atalaya-csrf";

/** Whether a request names another site as its origin; no Origin header (curl, the command line) is no other site. */
export function isForeign(request: FastifyRequest): boolean {
  const origin = request.headers.origin;
  if (origin === undefined) return false;
  return !URL.canParse(origin) || new URL(origin).host !== request.headers.host;
}

/**
 * Refuses a change that rides on a browser's cookie unless our own page made it: the header must be there, or the
 * Origin must be ours; a foreign Origin is refused in any case. SameSite=Strict on the cookie is the other lock.
 */
export function requireOwnPage(request: FastifyRequest): void {
  if (request.method === "GET" || request.method === "HEAD") return;
  const shown = request.headers[csrfHeader] === "1" || request.headers.origin !== undefined;
  if (shown && !isForeign(request)) return;
  throw new Fault("FORBIDDEN", `This change did not come from the hub's own page: send the header ${csrfHeader}: 1`);
}
