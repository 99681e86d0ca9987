import { clusterRequestSchema, clusterSchema, Fault } from "@atalaya/wire";
import * as z from "zod";
import { whoOf } from "../auth/authenticate.ts";
import { registerCluster } from "../enrolment/register-cluster.ts";
import type { App, RouteContext } from "../server/app-type.ts";
import { nothing, refusals, signedIn } from "./route-schema.ts";

const tags = ["nodes"];
const named = z.object({ cluster: z.string().regex(/^[\x21-\x7e]{1,255}$/) });

/** The clusters whose pods enrol by their service account, and by which keys their tokens are verified. */
export function addClusterRoutes(app: App, { core }: RouteContext): void {
  app.route({
    method: "GET",
    url: "/api/v1/clusters",
    config: { access: "viewer" },
    schema: {
      tags,
      summary: "The clusters whose service-account tokens enrol nodes",
      security: signedIn,
      response: { 200: z.object({ clusters: z.array(clusterSchema) }), ...refusals },
    },
    handler: async (request) => ({ clusters: await core.enrolment.clusters(whoOf(request).workspaceId) }),
  });

  app.route({
    method: "PUT",
    url: "/api/v1/clusters/:cluster",
    config: { access: "admin" },
    schema: {
      tags,
      summary: "Register a cluster's public keys: its publisher pods then enrol by themselves",
      security: signedIn,
      params: named,
      body: clusterRequestSchema,
      response: { 204: nothing, ...refusals },
    },
    handler: async (request, reply) => {
      const { workspaceId, user } = whoOf(request);
      const { issuer, jwks, namespace, service_account: serviceAccount } = request.body;
      const { audit_service_account: auditServiceAccount } = request.body;
      const { cluster } = request.params;
      const keys = { workspaceId, cluster, issuer, jwks, namespace, serviceAccount, auditServiceAccount };
      await registerCluster(core.enrolment, keys, user);
      request.log.info({ user, cluster }, "a cluster's keys were registered");
      return reply.code(204).send();
    },
  });

  app.route({
    method: "DELETE",
    url: "/api/v1/clusters/:cluster",
    config: { access: "admin" },
    schema: {
      tags,
      summary: "Forget a cluster's keys; its nodes keep their certificates until they end or are revoked",
      security: signedIn,
      params: named,
      response: { 204: nothing, ...refusals },
    },
    handler: async (request, reply) => {
      const { workspaceId } = whoOf(request);
      if (!(await core.enrolment.removeCluster(workspaceId, request.params.cluster)))
        throw new Fault("NOT_FOUND", "There is no such cluster");
      return reply.code(204).send();
    },
  });
}
