import { ledgerPageSchema } from "@atalaya/wire";
import * as z from "zod";
import { whoOf } from "../auth/authenticate.ts";
import type { App, RouteContext } from "../server/app-type.ts";
import { refusals, signedIn } from "./route-schema.ts";

const querySchema = z.object({
  cluster: z.string().max(256).optional(),
  node: z.string().max(256).optional(),
  /** `next` of the page before. */
  after: z.string().max(1_024).optional(),
  limit: z.coerce.number().int().min(1).max(200).optional(),
});

/** What became of every event, by node, hop and class (wire/src/ledger.ts). */
export function addLedgerRoutes(app: App, { core }: RouteContext): void {
  app.route({
    method: "GET",
    url: "/api/v1/ledger",
    config: { access: "viewer" },
    schema: {
      tags: ["status"],
      summary: "The account of every node, from the kernel to the commit",
      security: signedIn,
      querystring: querySchema,
      response: { 200: ledgerPageSchema, ...refusals },
    },
    handler: (request) => core.ledger(whoOf(request).workspaceId, request.query),
  });
}
