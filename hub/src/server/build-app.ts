import { X509Certificate } from "node:crypto";
import { Fault } from "@atalaya/wire";
import cookie from "@fastify/cookie";
import fastify, { type FastifyBaseLogger, LogController } from "fastify";
import { serializerCompiler, validatorCompiler, type ZodTypeProvider } from "fastify-type-provider-zod";
import { addAlertRoutes } from "../api/alert-routes.ts";
import { addAuditCredentialRoutes } from "../api/audit-credential-routes.ts";
import { addAuditRoute } from "../api/audit-route.ts";
import { addBackupRoutes } from "../api/backup-routes.ts";
import { BodyAdmission } from "../api/body-admission.ts";
import { Broadcast } from "../api/broadcast.ts";
import { addChangeRoutes } from "../api/change-routes.ts";
import { addClusterRoutes } from "../api/cluster-routes.ts";
import { addDriftRoutes } from "../api/drift-routes.ts";
import { addEnrolRoutes } from "../api/enrol-routes.ts";
import { addIngestRoute } from "../api/ingest-route.ts";
import { addInventoryRoutes } from "../api/inventory-routes.ts";
import { addLedgerRoutes } from "../api/ledger-routes.ts";
import { addNodeRoutes } from "../api/node-routes.ts";
import { addNotificationRoutes } from "../api/notification-routes.ts";
import { addPeopleRoutes } from "../api/people-routes.ts";
import { addProcessRoutes } from "../api/process-routes.ts";
import { addRecordedRoute, addRecorderRoutes } from "../api/recorder-routes.ts";
import { addRuleRoutes } from "../api/rule-routes.ts";
import { addSessionRoutes } from "../api/session-routes.ts";
import { addStatusRoutes } from "../api/status-routes.ts";
import { addStreamRoute } from "../api/stream-route.ts";
import { addSyncRoute } from "../api/sync-route.ts";
import { authenticate } from "../auth/authenticate.ts";
import { ChangeRecorder } from "../changes/change-recorder.ts";
import type { KubeClusters } from "../enrolment/kube-clusters.ts";
import type { HubCore } from "../hub-core.ts";
import type { Notifier } from "../notify/notifier.ts";
import type { HubAuthority } from "../tls/hub-authority.ts";
import type { HubCertificate } from "../tls/hub-certificate.ts";
import type { App, RouteContext } from "./app-type.ts";
import { ConnectionGuard } from "./connection-guard.ts";
import { faultReplier } from "./fault-reply.ts";
import type { HttpMetrics } from "./http-metrics.ts";
import { serverLimits } from "./limits.ts";
import { addOpenApi } from "./open-api.ts";
import { addSecurityHeaders } from "./security-headers.ts";
import { addWebPage } from "./web-page.ts";

/** What the server is built from. */
export type AppParts = {
  core: HubCore;
  notifier: Notifier;
  metrics: HttpMetrics;
  certificate: HubCertificate;
  authority: HubAuthority;
  /** What verifies the tokens of clusters' pods. */
  clusters: Pick<KubeClusters, "verify">;
  /** The folder of the built page. */
  web: string | undefined;
  version: string;
  /** The hub's address as clients on this machine reach it. */
  url: string;
  logger: FastifyBaseLogger;
};

/** The whole HTTPS server, not yet listening; `end` closes the streams first, which would else keep it open. */
export async function buildApp(parts: AppParts): Promise<{ app: App; end: () => Promise<void> }> {
  const app = newServer(parts);
  app.setValidatorCompiler(validatorCompiler);
  app.setSerializerCompiler(serializerCompiler);
  const replyFault = faultReplier(parts.metrics);
  app.setErrorHandler(replyFault);
  app.setNotFoundHandler((request, reply) =>
    replyFault(new Fault("NOT_FOUND", "There is no such route"), request, reply),
  );
  app.removeContentTypeParser("text/plain");
  app.decorateRequest("who", null);
  app.decorateRequest("sender", null);
  app.decorateRequest("changed", null);
  parts.metrics.watch(app);
  const recorder = new ChangeRecorder(parts.core.apiChanges, parts.metrics, parts.logger);
  recorder.watch(app);
  addSecurityHeaders(app);
  await app.register(cookie);
  guard(app, parts.core, new ConnectionGuard(app.server, parts.metrics), parts.certificate.caPem);
  await addOpenApi(app, parts.version);
  const broadcast = new Broadcast(parts.core, parts.metrics);
  addRoutes(app, parts, broadcast, recorder);
  await addWebPage(app, parts.web);
  app.server.maxConnections = serverLimits.connectionsMax;
  app.server.headersTimeout = serverLimits.headersMs;
  await app.ready();
  const end = async () => {
    broadcast.close();
    parts.core.releaseHeld();
    await app.close();
    await recorder.flush();
  };
  return { app, end };
}

function newServer(parts: AppParts): App {
  return fastify({
    https: {
      cert: parts.certificate.cert,
      key: parts.certificate.key,
      // Asked for, and judged per request: a browser has none, a sensor is nobody without.
      ca: parts.certificate.caPem,
      requestCert: true,
      rejectUnauthorized: false,
      minVersion: "TLSv1.3",
      maxHeaderSize: 16 * 1024,
      handshakeTimeout: serverLimits.handshakeMs,
      connectionsCheckingInterval: serverLimits.connectionCheckMs,
    },
    loggerInstance: parts.logger,
    // Each request would be two lines a second and sensor; refusals and changes are logged where they are decided.
    logController: new LogController({ disableRequestLogging: true }),
    bodyLimit: serverLimits.jsonBodyBytesMax,
    requestTimeout: serverLimits.requestMs,
    keepAliveTimeout: serverLimits.keepAliveMs,
    forceCloseConnections: "idle",
    routerOptions: { maxParamLength: 1_024 },
    exposeHeadRoutes: false,
  }).withTypeProvider<ZodTypeProvider>();
}

/** Nothing is open by oversight: a route without an `access` stops the hub at its start. */
function guard(app: App, core: HubCore, connections: ConnectionGuard, caPem: string): void {
  const ca = new X509Certificate(caPem);
  app.addHook("onRoute", (route) => {
    if (route.config?.access === undefined) throw new Error(`route ${route.url} does not say who may call it`);
  });
  app.addHook("onRequest", async (request) => {
    const access = request.routeOptions.config.access;
    if (access !== undefined) await authenticate(core, request, access, ca);
    const credential = request.sender?.credentialId ?? request.who?.secretHash;
    if (credential !== undefined) connections.prove(request, credential);
  });
}

function addRoutes(app: App, parts: AppParts, broadcast: Broadcast, recorder: ChangeRecorder): void {
  const context: RouteContext = { core: parts.core, metrics: parts.metrics, version: parts.version };
  const admission = new BodyAdmission(parts.metrics);
  addSessionRoutes(app, context);
  addAlertRoutes(app, context);
  addProcessRoutes(app, context);
  addStreamRoute(app, context, broadcast);
  addRuleRoutes(app, context);
  addStatusRoutes(app, context);
  addBackupRoutes(app, context);
  addNotificationRoutes(app, context, parts.notifier);
  addDriftRoutes(app, context);
  addRecorderRoutes(app, context);
  addAuditCredentialRoutes(app, context, { url: parts.url, caPem: parts.certificate.caPem });
  addEnrolRoutes(app, context, parts.authority, parts.clusters);
  addNodeRoutes(app, context, parts.authority);
  addClusterRoutes(app, context);
  addLedgerRoutes(app, context);
  addInventoryRoutes(app, context);
  addPeopleRoutes(app, context);
  addChangeRoutes(app, context, recorder);
  addIngestRoute(app, context, admission);
  addRecordedRoute(app, context, admission);
  addSyncRoute(app, context, parts.clusters);
  addAuditRoute(app, context, admission);
}
