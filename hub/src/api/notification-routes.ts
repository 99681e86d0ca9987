import { Fault, notificationSchema } from "@atalaya/wire";
import * as z from "zod";
import { whoOf } from "../auth/authenticate.ts";
import { checkNotification } from "../notify/check-notification.ts";
import type { Notifier } from "../notify/notifier.ts";
import type { App, RouteContext } from "../server/app-type.ts";
import { defaultWorkspace } from "../server/workspace.ts";
import { ifMatchSchema, versionsIn, withVersion } from "./if-match.ts";
import { refusals, signedIn } from "./route-schema.ts";

const tags = ["notification"];

/** Where alerts are told to. For admins only: a webhook's address is often a secret itself. */
export function addNotificationRoutes(app: App, { core }: RouteContext, notifier: Notifier): void {
  app.route({
    method: "GET",
    url: "/api/v1/notification",
    config: { access: "admin" },
    schema: {
      tags,
      summary: "Where alerts are told to. ETag says which setting it is",
      security: signedIn,
      response: { 200: notificationSchema, ...refusals },
    },
    handler: async (request, reply) => withVersion(reply, await core.notification(whoOf(request).workspaceId)),
  });

  app.route({
    method: "PUT",
    url: "/api/v1/notification",
    config: { access: "admin" },
    schema: {
      tags,
      summary: "Change where alerts are told to; with If-Match only in place of that setting, else 412",
      security: signedIn,
      headers: ifMatchSchema,
      body: notificationSchema,
      response: { 200: notificationSchema, ...refusals },
    },
    handler: async (request, reply) => {
      const who = whoOf(request);
      checkNotification(request.body);
      if (who.workspaceId !== defaultWorkspace && (request.body.stdout || request.body.file !== null))
        throw new Fault("FORBIDDEN", "The hub's own output and files are for its owner's workspace: use a webhook", {
          issue: "outputs_of_owner",
        });
      await core.putNotification(who.workspaceId, request.body, versionsIn(request.headers));
      notifier.changed(who.workspaceId);
      request.log.info({ user: who.user, enabled: request.body.enabled }, "the notification was changed");
      return withVersion(reply, request.body);
    },
  });

  app.route({
    method: "POST",
    url: "/api/v1/notification/test",
    config: { access: "admin" },
    schema: {
      tags,
      summary: "Send a test message to the webhook as it is set, and say what became of it",
      security: signedIn,
      response: { 200: z.object({ ok: z.boolean(), detail: z.string() }), ...refusals },
    },
    handler: (request) => notifier.test(whoOf(request).workspaceId),
  });
}
