import { alertSchema, alertSummarySchema, faultReplySchema, ruleSchema, sensorSchema } from "@atalaya/wire";
import swagger from "@fastify/swagger";
import type { FastifyInstance } from "fastify";
import { jsonSchemaTransform, jsonSchemaTransformObject } from "fastify-type-provider-zod";
import * as z from "zod";

// Named, so that the document refers to them instead of repeating them. The tree of reasons refers to itself.
z.globalRegistry.add(alertSchema.shape.why, { id: "WhyNode" });
z.globalRegistry.add(alertSchema, { id: "Alert" });
z.globalRegistry.add(alertSummarySchema, { id: "AlertSummary" });
z.globalRegistry.add(ruleSchema, { id: "Rule" });
z.globalRegistry.add(sensorSchema, { id: "Sensor" });
z.globalRegistry.add(faultReplySchema, { id: "Fault" });

// OpenAPI 3.1 has this type; the plugin's types end at 3.0.
const nodeCertificate = {
  type: "mutualTLS",
  description: "A node's client certificate, from POST /v1/enroll",
} as unknown as { type: "http"; scheme: string };

/** Writes the OpenAPI 3.1 document from the routes' own schemas: what is documented is what is checked. */
export async function addOpenApi(app: FastifyInstance, version: string): Promise<void> {
  await app.register(swagger, {
    openapi: {
      openapi: "3.1.0",
      info: {
        title: "Atalaya hub",
        version,
        description:
          "Alerts, rules, sensors and live streams of an Atalaya hub, and where sensors and API servers send.",
        license: { name: "Apache-2.0", identifier: "Apache-2.0" },
      },
      servers: [{ url: "/" }],
      components: {
        securitySchemes: {
          session: { type: "apiKey", in: "cookie", name: "atalaya_session" },
          token: { type: "http", scheme: "bearer", description: "A token of POST /api/v1/tokens" },
          sensor: nodeCertificate,
          audit: { type: "http", scheme: "bearer", description: "An API server's credential" },
        },
      },
    },
    transform: jsonSchemaTransform,
    transformObject: jsonSchemaTransformObject,
  });
}
