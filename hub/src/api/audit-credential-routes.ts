import { auditWebhookKubeconfig, recommendedAuditPolicy } from "@atalaya/audit";
import { type AuditCredential, auditCredentialSchema, Fault } from "@atalaya/wire";
import * as z from "zod";
import { whoOf } from "../auth/authenticate.ts";
import { newSecret, secretHash } from "../auth/secret.ts";
import type { HubCore } from "../hub-core.ts";
import type { App, RouteContext } from "../server/app-type.ts";
import { nothing, refusals, signedIn } from "./route-schema.ts";

const tags = ["audit"];
const clusterBody = z.object({
  cluster: z
    .string()
    .min(1)
    .max(253)
    .regex(/^[A-Za-z0-9]([A-Za-z0-9._-]*[A-Za-z0-9])?$/, "letters, digits, dot, dash and underscore"),
});

/** Credentials by which API servers send, each for one cluster; a secret is told once, when it is made. */
export function addAuditCredentialRoutes(app: App, { core }: RouteContext, hub: { url: string; caPem: string }): void {
  app.route({
    method: "POST",
    url: "/api/v1/audit-credentials",
    config: { access: "admin" },
    schema: {
      tags,
      summary: "Make a credential for a cluster's API server",
      security: signedIn,
      body: clusterBody,
      response: { 200: auditCredentialSchema, ...refusals },
    },
    handler: async (request) => {
      const made = await makeCredential(core, whoOf(request).workspaceId, request.body.cluster);
      request.changed = { object: made.credential_id };
      request.log.info({ user: whoOf(request).user, credential: made.credential_id }, "an audit credential was made");
      return made;
    },
  });

  app.route({
    method: "POST",
    url: "/api/v1/audit-credentials/kubeconfig",
    config: { access: "admin" },
    schema: {
      tags,
      summary: "A file for --audit-webhook-config-file, with a credential of its own",
      security: signedIn,
      querystring: z.object({
        server: z
          .url({ protocol: /^https$/ })
          .max(2_048)
          .optional(),
      }),
      body: clusterBody,
      produces: ["text/yaml"],
      response: { 200: z.string(), ...refusals },
    },
    handler: async (request, reply) => {
      const { cluster } = request.body;
      const made = await makeCredential(core, whoOf(request).workspaceId, cluster);
      request.changed = { object: made.credential_id };
      request.log.info({ user: whoOf(request).user, credential: made.credential_id }, "an audit credential was made");
      void reply.type("text/yaml; charset=utf-8");
      const server = request.query.server ?? hub.url;
      return auditWebhookKubeconfig({ cluster, server, caPem: hub.caPem, token: made.token });
    },
  });

  addListAndRevoke(app, core);

  app.route({
    method: "GET",
    url: "/api/v1/audit-policy",
    config: { access: "viewer" },
    schema: {
      tags,
      summary: "The recommended file for --audit-policy-file",
      security: signedIn,
      produces: ["text/yaml"],
      response: { 200: z.string(), ...refusals },
    },
    handler: (_request, reply) => {
      void reply.type("text/yaml; charset=utf-8");
      return recommendedAuditPolicy();
    },
  });
}

function addListAndRevoke(app: App, core: HubCore): void {
  app.route({
    method: "GET",
    url: "/api/v1/audit-credentials",
    config: { access: "admin" },
    schema: {
      tags,
      summary: "Every audit credential and when it was last used; never its secret",
      security: signedIn,
      response: { 200: z.object({ credentials: z.array(auditCredentialSchema.omit({ token: true })) }), ...refusals },
    },
    handler: async (request) => ({ credentials: await core.auditCredentials(whoOf(request).workspaceId) }),
  });

  app.route({
    method: "DELETE",
    url: "/api/v1/audit-credentials/:id",
    config: { access: "admin" },
    schema: {
      tags,
      summary: "Revoke an audit credential: it is worthless at once",
      security: signedIn,
      params: z.object({ id: z.string().min(1).max(128) }),
      response: { 204: nothing, ...refusals },
    },
    handler: async (request, reply) => {
      const who = whoOf(request);
      const { id } = request.params;
      if (!(await core.revokeCredential(who.workspaceId, id))) {
        throw new Fault("NOT_FOUND", "There is no such credential, or it is revoked already");
      }
      request.log.info({ user: who.user, credential: id }, "an audit credential was revoked");
      return reply.code(204).send();
    },
  });
}

async function makeCredential(
  core: HubCore,
  workspaceId: string,
  cluster: string,
): Promise<AuditCredential & { token: string }> {
  const token = newSecret("atla");
  const credentialId = crypto.randomUUID();
  await core.putCredential(secretHash(token), { credentialId, workspaceId, use: "audit", cluster });
  const nowUs = Date.now() * 1000;
  return { credential_id: credentialId, cluster, token, created_us: nowUs, revoked_us: null, last_used_us: null };
}
