import {
  Fault,
  inventoryClustersSchema,
  inventoryNamespacePageSchema,
  inventoryObjectPageSchema,
  inventoryObjectSchema,
  inventoryPodPageSchema,
  inventoryQuerySchema,
  inventoryWorkloadPageSchema,
} from "@atalaya/wire";
import * as z from "zod";
import { whoOf } from "../auth/authenticate.ts";
import type { App, RouteContext } from "../server/app-type.ts";
import { refusals, signedIn } from "./route-schema.ts";

const tags = ["inventory"];
const config = { access: "viewer" } as const;
const paramsSchema = z.object({ cluster: z.string().max(256), uid: z.string().max(128) });

/** What the clusters are made of: who runs what, and the alerts on it. */
export function addInventoryRoutes(app: App, { core: { inventory } }: RouteContext): void {
  app.route({
    method: "GET",
    url: "/api/v1/inventory/clusters",
    config,
    schema: {
      ...{ tags, summary: "Clusters whose inventory is known, and how fresh it is", security: signedIn },
      response: { 200: inventoryClustersSchema, ...refusals },
    },
    handler: async (request) => ({ clusters: await inventory.clusters(whoOf(request).workspaceId) }),
  });

  app.route({
    method: "GET",
    url: "/api/v1/inventory/namespaces",
    config,
    schema: {
      ...{ tags, summary: "Namespaces, with what runs in them", security: signedIn, querystring: inventoryQuerySchema },
      response: { 200: inventoryNamespacePageSchema, ...refusals },
    },
    handler: (request) => inventory.namespaces(whoOf(request).workspaceId, request.query),
  });

  app.route({
    method: "GET",
    url: "/api/v1/inventory/workloads",
    config,
    schema: {
      ...{ tags, summary: "What makes pods: by namespace and name", security: signedIn },
      querystring: inventoryQuerySchema,
      response: { 200: inventoryWorkloadPageSchema, ...refusals },
    },
    handler: (request) => inventory.workloads(whoOf(request).workspaceId, request.query),
  });

  app.route({
    method: "GET",
    url: "/api/v1/inventory/pods",
    config,
    schema: {
      ...{ tags, summary: "Pods: where they run, as whom, and made by what", security: signedIn },
      querystring: inventoryQuerySchema,
      response: { 200: inventoryPodPageSchema, ...refusals },
    },
    handler: (request) => inventory.pods(whoOf(request).workspaceId, request.query),
  });

  app.route({
    method: "GET",
    url: "/api/v1/inventory/objects",
    config,
    schema: {
      ...{ tags, summary: "Objects of any kind, by kind", security: signedIn, querystring: inventoryQuerySchema },
      response: { 200: inventoryObjectPageSchema, ...refusals },
    },
    handler: (request) => inventory.objects(whoOf(request).workspaceId, request.query),
  });

  app.route({
    method: "GET",
    url: "/api/v1/inventory/objects/:cluster/:uid",
    config,
    schema: {
      ...{ tags, summary: "One object", security: signedIn, params: paramsSchema },
      response: { 200: inventoryObjectSchema, ...refusals },
    },
    handler: async (request) => {
      const found = await inventory.object(whoOf(request).workspaceId, request.params);
      if (found === undefined) throw new Fault("NOT_FOUND", "The inventory knows no such object");
      return found;
    },
  });
}
