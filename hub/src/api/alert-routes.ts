import { alertActionSchema, alertPageSchema, alertQuerySchema, alertSchema, Fault } from "@atalaya/wire";
import * as z from "zod";
import { whoOf } from "../auth/authenticate.ts";
import type { App, RouteContext } from "../server/app-type.ts";
import { refusals, signedIn } from "./route-schema.ts";

const tags = ["alerts"];
const params = z.object({ alert_id: z.string().min(1).max(128) });
const gone = () => new Fault("NOT_FOUND", "There is no such alert");

/** Reading alerts and acting on them. */
export function addAlertRoutes(app: App, { core }: RouteContext): void {
  app.route({
    method: "GET",
    url: "/api/v1/alerts",
    config: { access: "viewer" },
    schema: {
      tags,
      summary: "Alerts, newest first; a page at a time by `cursor`",
      security: signedIn,
      querystring: alertQuerySchema,
      response: { 200: alertPageSchema, ...refusals },
    },
    handler: (request) => core.alertPage(whoOf(request).workspaceId, request.query),
  });

  app.route({
    method: "GET",
    url: "/api/v1/alerts/:alert_id",
    config: { access: "viewer" },
    schema: {
      tags,
      summary: "All of one alert",
      security: signedIn,
      params,
      response: { 200: alertSchema, ...refusals },
    },
    handler: async (request) => {
      const alert = await core.alert(whoOf(request).workspaceId, request.params.alert_id);
      if (alert === undefined) throw gone();
      return alert;
    },
  });

  app.route({
    method: "POST",
    url: "/api/v1/alerts/:alert_id/actions",
    config: { access: "analyst" },
    schema: {
      tags,
      summary: "Acknowledge, resolve, reopen, assign, mute or comment",
      security: signedIn,
      params,
      body: alertActionSchema,
      response: { 200: alertSchema, ...refusals },
    },
    handler: async (request) => {
      const who = whoOf(request);
      const alert = await core.actOnAlert(who.workspaceId, request.params.alert_id, request.body, who.user);
      if (alert === undefined) throw gone();
      return alert;
    },
  });

  app.route({
    method: "POST",
    url: "/api/v1/test-alert",
    config: { access: "analyst" },
    schema: {
      tags,
      summary: "Raise a test alert, which goes the whole way and says that it is no threat",
      security: signedIn,
      response: { 200: alertSchema, ...refusals },
    },
    handler: (request) => {
      const who = whoOf(request);
      return core.testAlert(who.workspaceId, who.user);
    },
  });
}
