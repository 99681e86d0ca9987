import type { AuditEvents } from "@atalaya/audit";
import { Fault, limits } from "@atalaya/wire";
import type { FastifyRequest } from "fastify";
import * as z from "zod";
import { senderIn } from "../auth/authenticate.ts";
import type { App, RouteContext } from "../server/app-type.ts";
import { AuditReader } from "./audit-reader.ts";
import type { BodyAdmission } from "./body-admission.ts";
import { auditOnly, refusals } from "./route-schema.ts";
import { unpackGzip } from "./unpack.ts";

const bodySchema = z.unknown().meta({ description: "An audit.k8s.io/v1 EventList, plain or gzip" });

/** Where API servers post their audit log. A record that cannot be read is counted; the rest of its list is used. */
export function addAuditRoute(app: App, { core, metrics }: RouteContext, admission: BodyAdmission): void {
  const reader = new AuditReader();
  app.addHook("onClose", () => reader.close());
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
        const body = await reader.read(await plainBody(request), Date.now() * 1000);
        const { events, lost, cut } = body.ok ? body.value : nothingRead;
        // Counted with the commit, whatever the answer is: an API server does not send again what is malformed, and does
        // send again what the hub has no room for.
        const { accepted } = await core.audit(events, senderIn(request), { ...lost, cut });
        const refused = lost.undecodable + lost.too_large;
        metrics.auditRefused.inc(refused);
        metrics.auditCut.inc(cut);
        if (!body.ok) throw new Fault(body.code, body.reason);
        requireSomeRead(body.value);
        return { accepted, refused };
      },
    });
  });
}

/** A body that is no list: how many records it was to be is not known, and one is the least. */
const nothingRead = { events: [], lost: { undecodable: 1, too_large: 0 }, cut: 0 };

function requireSomeRead({ events, skipped, refused }: AuditEvents): void {
  const first = refused[0];
  if (first === undefined || events.length + skipped.RequestReceived + skipped.ResponseStarted > 0) return;
  throw new Fault("BODY_MALFORMED", `No audit record could be read: ${first.reason}`);
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
