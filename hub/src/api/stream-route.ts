import { classColumns, Fault } from "@atalaya/wire";
import type { FastifyReply, FastifyRequest } from "fastify";
import * as z from "zod";
import type { Who } from "../auth/access.ts";
import { whoOf } from "../auth/authenticate.ts";
import type { HubCore } from "../hub-core.ts";
import type { App, RouteContext } from "../server/app-type.ts";
import { serverLimits } from "../server/limits.ts";
import type { Broadcast } from "./broadcast.ts";
import { refusals, signedIn } from "./route-schema.ts";
import { StreamClient, type StreamWish, type Topic, topics } from "./stream-client.ts";

const querySchema = z.object({
  topics: z
    .string()
    .max(64)
    .default("alerts")
    .describe(`Comma-separated: ${topics.join(", ")}`),
  container: z.string().max(256).default("").describe("Topic events: the start of a container's id"),
  name: z.string().max(1024).default("").describe("Topic events: names of processes, comma-separated"),
  class: z.string().max(128).default("").describe("Topic events: event classes, comma-separated"),
});
const headersSchema = z.object({ "last-event-id": z.string().max(64).optional() });

/** The live stream: Server-Sent Events, resumed by Last-Event-ID. */
export function addStreamRoute(app: App, { core, metrics }: RouteContext, broadcast: Broadcast): void {
  app.route({
    method: "GET",
    url: "/api/v1/stream",
    config: { access: "viewer" },
    schema: {
      tags: ["stream"],
      summary: "Alerts, sensors and events as they come (Server-Sent Events)",
      security: signedIn,
      querystring: querySchema,
      headers: headersSchema,
      produces: ["text/event-stream"],
      response: { 200: z.string(), ...refusals },
    },
    handler: async (request, reply) => {
      const who = whoOf(request);
      const wish = wishOf(request.query, who.workspaceId);
      broadcast.requireRoom();
      const client = openClient(request, reply, wish, broadcast, (reason) => metrics.streamsDropped.inc({ reason }));
      broadcast.add(client);
      const stop = keepAlive(core, who, client);
      reply.raw.once("close", () => {
        stop();
        broadcast.remove(client);
      });
      try {
        await client.catchUp(core, lastId(request.headers["last-event-id"]));
        if (wish.topics.has("sensors")) for (const one of await core.sensors(who.workspaceId)) client.sensor(one);
      } catch (error) {
        // The head is out, so no refusal can be sent: the stream ends, and the reader comes back for the rest.
        request.log.warn({ err: error }, "a stream ended because its start could not be read");
        client.end();
      }
      return reply;
    },
  });
}

function openClient(
  request: FastifyRequest,
  reply: FastifyReply,
  wish: StreamWish,
  broadcast: Broadcast,
  dropped: (reason: string) => void,
): StreamClient {
  reply.hijack();
  const headers = { ...reply.getHeaders(), "content-type": "text/event-stream", "x-accel-buffering": "no" };
  for (const [name, value] of Object.entries(headers)) if (value !== undefined) reply.raw.setHeader(name, value);
  reply.raw.writeHead(200);
  request.raw.socket.setNoDelay(true);
  request.raw.socket.setTimeout(0);
  reply.raw.write("retry: 1000\n\n");
  return new StreamClient(reply.raw, wish, dropped, broadcast.bufferBytesMax);
}

/** Beats every 15 s, and ends the stream of a session that ran out or was signed out. */
function keepAlive(core: HubCore, who: Who, client: StreamClient): () => void {
  const timer = setInterval(() => {
    client.heartbeat();
    core.session(who.secretHash).then(
      (session) => {
        if (session === undefined || session.expiresUs <= Date.now() * 1000) client.end();
      },
      () => client.end(),
    );
  }, serverLimits.streamHeartbeatMs);
  timer.unref();
  return () => clearInterval(timer);
}

function wishOf(query: z.infer<typeof querySchema>, workspaceId: string): StreamWish {
  const wanted = new Set<Topic>();
  for (const name of list(query.topics)) {
    const topic = topics.find((one) => one === name);
    if (topic === undefined) throw new Fault("BODY_MALFORMED", `The stream's topics are ${topics.join(", ")}`);
    wanted.add(topic);
  }
  const classes = list(query.class);
  if (!classes.every((name) => Object.hasOwn(classColumns, name))) {
    throw new Fault("BODY_MALFORMED", `The event classes are ${Object.keys(classColumns).join(", ")}`);
  }
  return { workspaceId, topics: wanted, container: query.container, names: list(query.name), classes };
}

function list(text: string): string[] {
  return text.split(",").filter((part) => part !== "");
}

function lastId(text: string | undefined): number | undefined {
  const commit = /^\d{1,15}$/.test(text ?? "") ? Number(text) : undefined;
  return commit;
}
