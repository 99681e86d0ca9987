import type { Server } from "node:https";
import type {
  FastifyBaseLogger,
  FastifyInstance,
  RawReplyDefaultExpression,
  RawRequestDefaultExpression,
} from "fastify";
import type { ZodTypeProvider } from "fastify-type-provider-zod";
import type { HubCore } from "../hub-core.ts";
import type { HttpMetrics } from "./http-metrics.ts";

/** The server as routes see it: bodies, queries and answers have the types of their schemas. */
export type App = FastifyInstance<
  Server,
  RawRequestDefaultExpression<Server>,
  RawReplyDefaultExpression<Server>,
  FastifyBaseLogger,
  ZodTypeProvider
>;

/** What every group of routes is given. */
export type RouteContext = { core: HubCore; metrics: HttpMetrics; version: string };
