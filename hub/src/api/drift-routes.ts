import { driftPolicySchema } from "@atalaya/wire";
import { whoOf } from "../auth/authenticate.ts";
import type { App, RouteContext } from "../server/app-type.ts";
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
      summary: "The drift policy in force: rules in order, the first whose scope holds decides",
      security: signedIn,
      response: { 200: driftPolicySchema, ...refusals },
    },
    handler: (request) => core.driftPolicy(whoOf(request).workspaceId),
  });

  app.route({
    method: "PUT",
    url: "/api/v1/drift-policy",
    config: { access: "admin" },
    schema: {
      tags,
      summary: "Put another drift policy in force, as a whole",
      security: signedIn,
      body: driftPolicySchema,
      response: { 200: driftPolicySchema, ...refusals },
    },
    handler: async (request) => {
      const who = whoOf(request);
      await core.putDriftPolicy(who.workspaceId, request.body);
      request.log.info({ user: who.user, rules: request.body.rules.length }, "the drift policy was changed");
      return request.body;
    },
  });
}
