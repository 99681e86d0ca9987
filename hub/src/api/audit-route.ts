import { auditEventsFromBody } from "@atalaya/audit";
import { Fault, limits } from "@atalaya/wire";
import type { FastifyRequest } from "fastify";
import { z } from "zod";
import { senderIn } from "../auth/authenticate.ts";
import type { App, RouteContext } from "../server/app-type.ts";
import type { BodyAdmission } from "./body-admission.ts";
import { auditOnly, refusals } from "./route-schema.ts";
import { unpackGzip } from "./unpack.ts";

const bodySchema = z.unknown().meta({ description: "An audit.k8s.io/v1 EventList, plain or gzip" });

/** Where API servers post their audit log. A record that cannot be read is counted; the rest of its list is used. */
export function addAuditRoute(app: App, { core, metrics }: RouteContext, admission: BodyAdmission): void {
  void app.register(async (scope) => {
    scope.removeAllContentTypeParsers();
    scope.addContentTypeParser("*", { parseAs: "buffer" }, (_request, body, done) => done(null, body));
    (scope as unknown as App).route({
      method: "POST",
      url: "/v1/audit/:cluster",
      bodyLimit: limits.auditBodyBytesMax,
      config: { access: "audit" },
      schema: {
        tags: ["senders"],
        summary: "Audit records from a cluster's API server",
        security: auditOnly,
        params: z.object({ cluster: z.string().min(1).max(256) }),
        consumes: ["application/json"],
        body: bodySchema,
        response: {
          200: z.object({ accepted: z.number().int(), refused: z.number().int() }),
          ...refusals,
        },
      },
      onRequest: async (request, reply) => {
        requireOwnCluster(request);
        admission.admit(request, reply, limits.auditBodyBytesMax);
      },
      handler: async (request) => {
        const body = auditEventsFromBody(await plainBody(request), { receivedUs: Date.now() * 1000 });
        if (!body.ok) throw new Fault(body.code, body.reason);
        const read = body.value;
        const skipped = read.skipped.RequestReceived + read.skipped.ResponseStarted;
        const first = read.refused[0];
        if (first !== undefined && read.events.length + skipped === 0) {
          throw new Fault("BODY_MALFORMED", `No audit record could be read: ${first.reason}`);
        }
        metrics.auditRefused.inc(read.refusedCount);
        metrics.auditCut.inc(read.cut);
        const { accepted } = await core.audit(read.events, senderIn(request));
        return { accepted, refused: read.refusedCount };
      },
    });
  });
}

/** A credential speaks for one cluster: what comes for another would put words into its mouth. */
function requireOwnCluster(request: FastifyRequest): void {
  const { cluster } = request.params as { cluster: string };
  const own = senderIn(request).cluster;
  if (cluster === own) return;
  throw new Fault("FORBIDDEN", "The credential belongs to another cluster than the address names", { cluster: own });
}

async function plainBody(request: FastifyRequest): Promise<Buffer> {
  const body = Buffer.isBuffer(request.body) ? request.body : Buffer.alloc(0);
  const encoding = request.headers["content-encoding"]?.toLowerCase() ?? "identity";
  if (encoding === "gzip") return await unpackGzip(body);
  if (encoding === "identity") return body;
  throw new Fault("BODY_ENCODING", "The body may be plain or gzip, nothing else");
}
