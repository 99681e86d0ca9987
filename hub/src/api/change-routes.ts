import { apiChangePageSchema } from "@atalaya/wire";
import * as z from "zod";
import { whoOf } from "../auth/authenticate.ts";
import type { ChangeRecorder } from "../changes/change-recorder.ts";
import { changeLimits } from "../changes/limits.ts";
import type { App, RouteContext } from "../server/app-type.ts";
import { refusals, signedIn } from "./route-schema.ts";

const querySchema = z.object({
  /** `next` of the page before. */
  after: z
    .string()
    .regex(/^\d{1,15}$/)
    .optional(),
  limit: z.coerce.number().int().min(1).max(changeLimits.pageMax).optional(),
});

/** Who changed what through the API. */
export function addChangeRoutes(app: App, { core }: RouteContext, recorder: ChangeRecorder): void {
  app.route({
    method: "GET",
    url: "/api/v1/changes",
    config: { access: "admin" },
    schema: {
      tags: ["changes"],
      summary: "Every change made through the API, newest first; the refused ones too",
      security: signedIn,
      querystring: querySchema,
      response: { 200: apiChangePageSchema, ...refusals },
    },
    handler: async (request) => {
      await recorder.flush();
      return core.apiChanges.page(whoOf(request).workspaceId, request.query);
    },
  });
}
