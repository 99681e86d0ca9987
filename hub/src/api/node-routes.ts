import {
  type EnrolledNode,
  enrolledNodeSchema,
  enrolmentTokenRequestSchema,
  enrolmentTokenSchema,
  enrolmentTokenText,
  Fault,
} from "@atalaya/wire";
import * as z from "zod";
import { whoOf } from "../auth/authenticate.ts";
import { secretHash } from "../auth/secret.ts";
import type { NodeRow } from "../enrolment/enrolment-store.ts";
import { makeToken } from "../enrolment/make-token.ts";
import type { App, RouteContext } from "../server/app-type.ts";
import type { HubAuthority } from "../tls/hub-authority.ts";
import { nothing, refusals, signedIn } from "./route-schema.ts";

const tags = ["nodes"];
const id = z.object({ id: z.string().min(1).max(128) });

/** The nodes that may send, and the tokens by which others become known. */
export function addNodeRoutes(app: App, { core }: RouteContext, authority: HubAuthority): void {
  app.route({
    method: "GET",
    url: "/api/v1/nodes",
    config: { access: "viewer" },
    schema: {
      tags,
      summary: "Every node that was enrolled, and whether it still may send",
      security: signedIn,
      response: { 200: z.object({ nodes: z.array(enrolledNodeSchema) }), ...refusals },
    },
    handler: async (request) => ({
      nodes: (await core.enrolment.nodes(whoOf(request).workspaceId)).map(listed),
    }),
  });

  app.route({
    method: "POST",
    url: "/api/v1/nodes/:id/revoke",
    config: { access: "admin" },
    schema: {
      tags,
      summary: "Revoke a node: nothing more is taken from it, also on open connections",
      security: signedIn,
      params: id,
      response: { 204: nothing, ...refusals },
    },
    handler: async (request, reply) => {
      const { workspaceId, user } = whoOf(request);
      if (!(await core.enrolment.revokeNode(workspaceId, request.params.id, user)))
        throw new Fault("NOT_FOUND", "There is no such node, or it is revoked already");
      request.log.info({ user, node: request.params.id }, "a node was revoked");
      return reply.code(204).send();
    },
  });

  app.route({
    method: "POST",
    url: "/api/v1/enrolment-tokens",
    config: { access: "admin" },
    schema: {
      tags,
      summary: "Make a token that one node can use once; told here and never again",
      security: signedIn,
      body: enrolmentTokenRequestSchema,
      response: { 200: enrolmentTokenSchema, ...refusals },
    },
    handler: async (request) => {
      const { workspaceId, user } = whoOf(request);
      const { cluster, node = null, valid_s, may_audit } = request.body;
      const token = makeToken(authority.caPem);
      const createdUs = Date.now() * 1000;
      const row = {
        workspaceId,
        tokenId: token.id,
        cluster,
        node,
        createdBy: user,
        proof: "token" as const,
        mayAudit: may_audit,
      };
      const expiresUs = createdUs + valid_s * 1_000_000;
      await core.enrolment.putToken(secretHash(token.secret), { ...row, expiresUs });
      request.changed = { object: token.id };
      request.log.info({ user, token: token.id, cluster }, "an enrolment token was made");
      return {
        ...{ token_id: token.id, cluster, node, created_us: createdUs, created_by: user, expires_us: expiresUs },
        ...{ used_us: null, used_by_node: null, revoked_us: null, may_audit, token: enrolmentTokenText(token) },
      };
    },
  });

  addTokenList(app, { core });
}

function addTokenList(app: App, { core }: Pick<RouteContext, "core">): void {
  app.route({
    method: "GET",
    url: "/api/v1/enrolment-tokens",
    config: { access: "admin" },
    schema: {
      tags,
      summary: "The tokens that were given out, newest first; never their secrets",
      security: signedIn,
      response: { 200: z.object({ tokens: z.array(enrolmentTokenSchema.omit({ token: true })) }), ...refusals },
    },
    handler: async (request) => ({ tokens: await core.enrolment.tokens(whoOf(request).workspaceId) }),
  });

  app.route({
    method: "DELETE",
    url: "/api/v1/enrolment-tokens/:id",
    config: { access: "admin" },
    schema: {
      tags,
      summary: "Take a token back that was not used yet",
      security: signedIn,
      params: id,
      response: { 204: nothing, ...refusals },
    },
    handler: async (request, reply) => {
      if (!(await core.enrolment.revokeToken(whoOf(request).workspaceId, request.params.id)))
        throw new Fault("NOT_FOUND", "There is no such token, or it is used or revoked already");
      return reply.code(204).send();
    },
  });
}

function listed(row: NodeRow): EnrolledNode {
  return {
    node_id: row.nodeId,
    cluster: row.cluster,
    node: row.node,
    proof: row.proof,
    enrolled_us: row.enrolledUs,
    renewed_us: row.renewedUs,
    expires_us: row.expiresUs,
    revoked_us: row.revokedUs,
    revoked_by: row.revokedBy,
    may_audit: row.mayAudit,
    key_sha256: row.keySha256,
  };
}
