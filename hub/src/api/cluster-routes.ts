import { clusterRequestSchema, clusterSchema, Fault } from "@atalaya/wire";
import { z } from "zod";
import { whoOf } from "../auth/authenticate.ts";
import { jwksSchema } from "../enrolment/service-account.ts";
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
      const accounts = { namespace, serviceAccount, auditServiceAccount };
      const keys = { workspaceId, cluster, issuer, jwks: publicKeys(jwks), ...accounts };
      const others = (await core.enrolment.clusterKeys()).filter(
        (one) => one.workspaceId !== workspaceId || one.cluster !== cluster,
      );
      if (others.some((one) => shareKey(one.jwks, keys.jwks))) throw takenKey();
      await core.enrolment.putCluster(keys, user);
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

/**
 * A cluster's keys are public: registered a second time, in any workspace, they would make its tokens speak for two
 * clusters, and such tokens are refused. So the first registration stands, and nobody can undo it by another.
 */
function takenKey(): Fault {
  return new Fault("USAGE", "One of these keys is registered for another cluster already; remove that one first");
}

function shareKey(one: string, other: string): boolean {
  const known = new Set(keyNumbers(one));
  return keyNumbers(other).some((key) => known.has(key));
}

/** What makes a public key: the modulus, or the point. */
function keyNumbers(jwks: string): string[] {
  const { keys } = jwksSchema.parse(JSON.parse(jwks));
  return keys
    .map(({ n, x, y }) => [n, x, y].filter((part) => part !== undefined).join(" "))
    .filter((key) => key !== "");
}

/** Throws Fault BODY_MALFORMED. What is private in a key is never stored. */
function publicKeys(text: string): string {
  try {
    const { keys } = jwksSchema.parse(JSON.parse(text));
    const publicParts = ["kty", "kid", "alg", "use", "n", "e", "crv", "x", "y"];
    return JSON.stringify({
      keys: keys.map((key) => Object.fromEntries(Object.entries(key).filter(([name]) => publicParts.includes(name)))),
    });
  } catch (cause) {
    const how = "kubectl get --raw /openid/v1/jwks prints one";
    throw new Fault("BODY_MALFORMED", `The keys are no JSON Web Key Set of RSA or EC keys: ${how}`, {}, cause);
  }
}
