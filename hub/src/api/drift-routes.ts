import { driftPolicySchema } from "@atalaya/wire";
import * as z from "zod";
import { whoOf } from "../auth/authenticate.ts";
import { policyVersion } from "../core/policy-version.ts";
import type { App, RouteContext } from "../server/app-type.ts";
import { refusals, signedIn } from "./route-schema.ts";

const tags = ["drift"];
const headersSchema = z.looseObject({
  "if-match": z.string().max(1_024).optional().describe("The ETag of the policy that this one may replace; * for any"),
});

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
    handler: async (request, reply) => {
      const policy = await core.driftPolicy(whoOf(request).workspaceId);
      void reply.header("etag", `"${policyVersion(policy)}"`);
      return policy;
    },
  });

  app.route({
    method: "PUT",
    url: "/api/v1/drift-policy",
    config: { access: "admin" },
    schema: {
      tags,
      summary: "Put another drift policy in force, as a whole; with If-Match only in place of that one, else 412",
      security: signedIn,
      headers: headersSchema,
      body: driftPolicySchema,
      response: { 200: driftPolicySchema, ...refusals },
    },
    handler: async (request, reply) => {
      const who = whoOf(request);
      await core.putDriftPolicy(who.workspaceId, request.body, versionsOf(request.headers["if-match"]));
      request.log.info({ user: who.user, rules: request.body.rules.length }, "the drift policy was changed");
      void reply.header("etag", `"${policyVersion(request.body)}"`);
      return request.body;
    },
  });
}

/** Those that If-Match names (RFC 9110, 13.1.1), weak ones too: a proxy that packs an answer makes its ETag weak. */
function versionsOf(header: string | undefined): string[] | undefined {
  if (header === undefined || header.trim() === "*") return undefined;
  return [...header.matchAll(/"([\x21\x23-\x7e]*)"/g)].map(([, version = ""]) => version);
}
