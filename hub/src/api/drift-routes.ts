import { driftPolicySchema } from "@atalaya/wire";
import { whoOf } from "../auth/authenticate.ts";
import type { App, RouteContext } from "../server/app-type.ts";
import { ifMatchSchema, versionsIn, withVersion } from "./if-match.ts";
import { refusals, signedIn } from "./route-schema.ts";

const tags = ["drift"];

/** What is to become of programs that did not come with their image. Who changed it is in the list of changes. */
export function addDriftRoutes(app: App, { core }: RouteContext): void {
  app.route({
    method: "GET",
    url: "/api/v1/drift-policy",
    config: { access: "viewer" },
    schema: {
      tags,
      summary: "The drift policy in force: rules in order, the first whose scope holds decides. ETag says which it is",
      security: signedIn,
      response: { 200: driftPolicySchema, ...refusals },
    },
    handler: async (request, reply) => withVersion(reply, await core.driftPolicy(whoOf(request).workspaceId)),
  });

  app.route({
    method: "PUT",
    url: "/api/v1/drift-policy",
    config: { access: "admin" },
    schema: {
      tags,
      summary: "Put another drift policy in force, as a whole; with If-Match only in place of that one, else 412",
      security: signedIn,
      headers: ifMatchSchema,
      body: driftPolicySchema,
      response: { 200: driftPolicySchema, ...refusals },
    },
    handler: async (request, reply) => {
      const who = whoOf(request);
      await core.putDriftPolicy(who.workspaceId, request.body, versionsIn(request.headers));
      request.log.info({ user: who.user, rules: request.body.rules.length }, "the drift policy was changed");
      return withVersion(reply, request.body);
    },
  });
}
