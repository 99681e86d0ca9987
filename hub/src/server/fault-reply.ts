import { Fault, type FaultCode, type FaultReply } from "@atalaya/wire";
import type { FastifyError, FastifyReply, FastifyRequest } from "fastify";
import { hasZodFastifySchemaValidationErrors } from "fastify-type-provider-zod";
import type { HttpMetrics } from "./http-metrics.ts";

/** The HTTP status of each fault that a route can answer with; the rest is our bug and is 500. */
const statusOf: Partial<Record<FaultCode, number>> = {
  FRAME_MALFORMED: 400,
  FRAME_VERSION: 426,
  FRAME_CLASS: 400,
  EVENT_MALFORMED: 400,
  BODY_ENCODING: 415,
  BODY_TOO_LARGE: 413,
  BODY_MALFORMED: 400,
  CREDENTIAL_MISSING: 401,
  CREDENTIAL_UNKNOWN: 401,
  CREDENTIAL_REVOKED: 403,
  IDENTITY_MISMATCH: 403,
  ENROL_REFUSED: 401,
  ENROL_SLOWED: 429,
  LOGIN_REFUSED: 401,
  LOGIN_SLOWED: 429,
  FORBIDDEN: 403,
  NOT_FOUND: 404,
  CHANGED_SINCE: 412,
  RULES_BROKEN: 409,
  BUSY: 429,
  STORE_UNREACHABLE: 503,
  QUERY_FAILED: 500,
  KUBE_UNREACHABLE: 503,
  STORE_FULL: 507,
  BACKUP_UNUSABLE: 422,
  DATA_UNWRITABLE: 507,
  USAGE: 400,
};

/** What fastify itself refuses, in our words: they never repeat what was sent. */
const fastifyFaults: Record<string, [FaultCode, string]> = {
  FST_ERR_CTP_BODY_TOO_LARGE: ["BODY_TOO_LARGE", "The body is larger than this route takes"],
  FST_ERR_CTP_INVALID_MEDIA_TYPE: ["BODY_ENCODING", "This route takes JSON: send Content-Type: application/json"],
  FST_ERR_CTP_INVALID_JSON_BODY: ["BODY_MALFORMED", "The body is not JSON"],
  FST_ERR_CTP_EMPTY_JSON_BODY: ["BODY_MALFORMED", "The body is empty; this route takes JSON"],
  FST_ERR_CTP_INVALID_CONTENT_LENGTH: ["BODY_MALFORMED", "The body is not as long as Content-Length says"],
  FST_ERR_BAD_URL: ["NOT_FOUND", "The address is malformed"],
};

export type FaultReplier = (error: unknown, request: FastifyRequest, reply: FastifyReply) => FastifyReply;

/** What answers a request with the fault that stopped it, counted by its code. */
export function faultReplier(metrics: HttpMetrics): FaultReplier {
  return (error, request, reply) => {
    const fault = asFault(error, request);
    metrics.refused.inc({ code: fault?.code ?? internal.code });
    return replyFault(error, fault, request, reply);
  };
}

/** What is no fault is our bug: logged whole, told as nothing. */
function replyFault(
  error: unknown,
  fault: Fault | undefined,
  request: FastifyRequest,
  reply: FastifyReply,
): FastifyReply {
  if (fault === undefined) {
    request.log.error({ err: error, route: request.routeOptions.url }, "a request failed by our own mistake");
    return reply.code(500).type("application/json").send(JSON.stringify(internal));
  }
  const status = statusOf[fault.code] ?? 500;
  const facts = { code: fault.code, status, route: request.routeOptions.url, address: request.ip };
  // A full disk is told once, when it fills: every sender tries again and again.
  if (status >= 500 && fault.code !== "STORE_FULL") request.log.error({ ...facts, err: fault }, fault.message);
  else request.log.debug(facts, fault.message);
  const retryAfter = fault.facts["retry_after_s"];
  if (typeof retryAfter === "number") void reply.header("retry-after", String(Math.max(1, Math.ceil(retryAfter))));
  if (status === 401) void reply.header("www-authenticate", 'Bearer realm="atalaya"');
  // The body of a refused request may still be coming: the connection ends instead of being read to its end.
  if (status === 413 || status === 415 || (status === 429 && request.method === "POST")) {
    void reply.header("connection", "close");
  }
  return reply
    .code(status)
    .type("application/json")
    .send(JSON.stringify(faultReply(fault)));
}

/** The body of a refusal. */
export function faultReply(fault: Fault): FaultReply {
  const facts = Object.keys(fault.facts).length === 0 ? {} : { facts: fault.facts };
  return { code: fault.code, message: fault.message, ...facts };
}

const internal: FaultReply = {
  code: "INTERNAL",
  message: "The hub made a mistake of its own; its log says which",
};

function asFault(error: unknown, request: FastifyRequest): Fault | undefined {
  if (error instanceof Fault) return error;
  if (hasZodFastifySchemaValidationErrors(error)) {
    // Which fields, by their names in the schema; never their values.
    const fields = error.validation.map((issue) => issue.instancePath.replace(/^\//, "").replaceAll("/", "."));
    const named = [...new Set(fields.filter((field) => field !== ""))].slice(0, 10).join(", ");
    const where = error.validationContext ?? "request";
    const wrong = named === "" ? "" : `: ${printable(named)}`;
    return new Fault("BODY_MALFORMED", `The ${where} does not have the documented shape${wrong}`, { in: where });
  }
  const code = (error as Partial<FastifyError>).code ?? "";
  // Node's word for a sender that left in the middle of its body; nobody is there to be told.
  if (code === "ECONNRESET" && request.raw.destroyed)
    return new Fault("BODY_MALFORMED", "The connection ended before the body did");
  const known = fastifyFaults[code];
  return known === undefined ? undefined : new Fault(known[0], known[1]);
}

/** Names of fields can be chosen by the client where the schema has open keys. */
function printable(text: string): string {
  return text.replace(/[^\x20-\x7e]/g, "?").slice(0, 200);
}
