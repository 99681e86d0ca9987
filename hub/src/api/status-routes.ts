import { sensorSchema, statusSchema } from "@atalaya/wire";
import * as z from "zod";
import { whoOf } from "../auth/authenticate.ts";
import type { App, RouteContext } from "../server/app-type.ts";
import { refusals, signedIn } from "./route-schema.ts";

/** How sensors and hub are; figures for Prometheus; whether the hub lives; what the API is. */
export function addStatusRoutes(app: App, { core, metrics }: RouteContext): void {
  app.route({
    method: "GET",
    url: "/api/v1/sensors",
    config: { access: "viewer" },
    schema: {
      tags: ["status"],
      summary: "Every sensor: state, rate, lag, loss by reason",
      security: signedIn,
      response: { 200: z.object({ sensors: z.array(sensorSchema) }), ...refusals },
    },
    handler: async (request) => ({ sensors: await core.sensors(whoOf(request).workspaceId) }),
  });

  app.route({
    method: "GET",
    url: "/api/v1/status",
    config: { access: "viewer" },
    schema: {
      tags: ["status"],
      summary: "How the hub is",
      security: signedIn,
      response: { 200: statusSchema, ...refusals },
    },
    handler: (request) => core.status(whoOf(request).workspaceId),
  });

  app.route({
    method: "GET",
    url: "/metrics",
    config: { access: "watcher" },
    schema: {
      tags: ["operation"],
      summary:
        "Figures in Prometheus' text form: without a token from this machine only, with one for its workspace's nodes",
      security: [...signedIn, {}],
      produces: ["text/plain"],
      response: { 200: z.string(), ...refusals },
    },
    handler: async (request, reply) => {
      void reply.type(metrics.registry.contentType);
      return `${await metrics.registry.metrics()}${await core.metrics(request.who?.workspaceId)}`;
    },
  });

  app.route({
    method: "GET",
    url: "/healthz",
    config: { access: "open" },
    schema: {
      tags: ["operation"],
      summary: "Whether the hub answers",
      security: [],
      response: { 200: z.object({ status: z.literal("ok") }) },
    },
    handler: () => ({ status: "ok" as const }),
  });

  app.route({
    method: "GET",
    url: "/openapi.json",
    config: { access: "open" },
    schema: {
      tags: ["operation"],
      summary: "This document",
      security: [],
      response: { 200: z.record(z.string(), z.unknown()) },
    },
    handler: () => app.swagger() as unknown as Record<string, unknown>,
  });
}
