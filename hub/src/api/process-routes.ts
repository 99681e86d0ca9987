import { processPageSchema, processQuerySchema } from "@atalaya/wire";
import { whoOf } from "../auth/authenticate.ts";
import type { App, RouteContext } from "../server/app-type.ts";
import { refusals, signedIn } from "./route-schema.ts";

/** Searching what ran. */
export function addProcessRoutes(app: App, { core }: RouteContext): void {
  app.route({
    method: "GET",
    url: "/api/v1/processes",
    config: { access: "viewer" },
    schema: {
      tags: ["processes"],
      summary: "What ran, newest first; a page at a time by `cursor`",
      security: signedIn,
      querystring: processQuerySchema,
      response: { 200: processPageSchema, ...refusals },
    },
    handler: (request) => core.processPage(whoOf(request).workspaceId, request.query),
  });
}
