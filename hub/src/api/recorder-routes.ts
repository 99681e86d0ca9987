import { promisify } from "node:util";
import { constants, zstdCompress } from "node:zlib";
import {
  decodeFrames,
  Fault,
  type Frame,
  limits,
  recordedAnswerSchema,
  recorderLimits,
  recorderPolicySchema,
  recordingPageSchema,
} from "@atalaya/wire";
import * as z from "zod";
import { senderIn, whoOf } from "../auth/authenticate.ts";
import { checkNames } from "../enrolment/check-names.ts";
import type { App, RouteContext } from "../server/app-type.ts";
import type { BodyAdmission } from "./body-admission.ts";
import { ifMatchSchema, versionsIn, withVersion } from "./if-match.ts";
import { refusals, sensorOnly, signedIn } from "./route-schema.ts";
import { nodeOf } from "./sending-node.ts";
import { unpackZstd } from "./unpack.ts";

const packed = promisify(zstdCompress);
const fast = { params: { [constants.ZSTD_c_compressionLevel]: 1 } };
const tags = ["recorder"];
const params = z.object({ alert_id: z.string().min(1).max(128) });
const recordedClasses: ReadonlySet<string> = new Set(["process", "file", "network", "dns", "kernel"]);

/** Who is recorded, and what the recorder had of an alert's container. Who changed it is in the list of changes. */
export function addRecorderRoutes(app: App, { core }: RouteContext): void {
  app.route({
    method: "GET",
    url: "/api/v1/recorder-policy",
    config: { access: "viewer" },
    schema: {
      tags,
      summary:
        "Which containers the flight recorder keeps the last minutes of: those that a scope names. ETag says which",
      security: signedIn,
      response: { 200: recorderPolicySchema, ...refusals },
    },
    handler: async (request, reply) => withVersion(reply, await core.recorder.policy(whoOf(request).workspaceId)),
  });

  app.route({
    method: "PUT",
    url: "/api/v1/recorder-policy",
    config: { access: "admin" },
    schema: {
      tags,
      summary: "Put other scopes in force, as a whole; with If-Match only in place of those, else 412",
      description: "Without scopes nothing is recorded.",
      security: signedIn,
      headers: ifMatchSchema,
      body: recorderPolicySchema,
      response: { 200: recorderPolicySchema, ...refusals },
    },
    handler: async (request, reply) => {
      const who = whoOf(request);
      await core.recorder.putPolicy(who.workspaceId, request.body, versionsIn(request.headers));
      request.log.info({ user: who.user, scopes: request.body.scopes.length }, "the recorder's policy was changed");
      return withVersion(reply, request.body);
    },
  });

  app.route({
    method: "GET",
    url: "/api/v1/alerts/:alert_id/recording",
    config: { access: "viewer" },
    schema: {
      tags,
      summary: "What the flight recorder had of an alert's container, oldest first, and what is missing",
      security: signedIn,
      params,
      response: { 200: recordingPageSchema, ...refusals },
    },
    handler: async (request) => {
      const page = await core.recorder.page(whoOf(request).workspaceId, request.params.alert_id);
      if (page === undefined) throw new Fault("NOT_FOUND", "Nothing was asked of the flight recorder for this alert");
      return page;
    },
  });
}

/** Where a publisher answers a pull. It meets no rule and no account: the events went their way before. */
export function addRecordedRoute(app: App, { core }: RouteContext, admission: BodyAdmission): void {
  void app.register(async (scope) => {
    scope.removeAllContentTypeParsers();
    scope.addContentTypeParser("*", { parseAs: "buffer" }, (_request, body, done) => done(null, body));
    (scope as unknown as App).route({
      method: "POST",
      url: "/v1/recorded/:alert_id",
      bodyLimit: recorderLimits.answerBytesMax,
      config: { access: "sensor" },
      schema: {
        tags: ["senders"],
        summary: "A pull's answer: what a node's flight recorder has of the alert's container",
        security: sensorOnly,
        consumes: ["application/zstd"],
        params,
        querystring: recordedAnswerSchema,
        body: z.unknown().meta({ description: "Recorded frames, one after another, packed as zstd frames" }),
        response: { 200: z.object({ events: z.number().int() }), ...refusals },
      },
      onRequest: async (request, reply) => admission.admit(request, reply, recorderLimits.answerBytesMax),
      handler: async (request) => {
        const sender = senderIn(request);
        const of = nodeOf(sender);
        const { alert_id } = request.params;
        const pull = core.recorder.open(of, alert_id);
        if (pull === undefined) throw new Fault("NOT_FOUND", "No alert waits for this node's recording");
        const bytes = await unpackZstd(Buffer.isBuffer(request.body) ? request.body : Buffer.alloc(0));
        const frames = readFrames(bytes, pull.container_id);
        const headers = frames.map((frame) => frame.header);
        checkNames(headers, { ...sender, node: of.node, mayInventory: false });
        const { kept_from_us: keptFromUs, cut, damaged } = request.query;
        const answer = { frames: await packed(bytes, fast), keptFromUs, isCut: cut === 1, damaged };
        await core.recorder.answer(of, alert_id, answer);
        return { events: headers.reduce((sum, { eventCount }) => sum + eventCount, 0) };
      },
    });
  });
}

/** Throws Fault where the bytes are no frames, too many, or of another container than the alert's. */
function readFrames(bytes: Buffer, containerId: string): Frame[] {
  const frames = decodeFrames(bytes);
  if (!frames.ok) throw new Fault(frames.code, `A recorded frame was refused: ${frames.reason}`);
  const events = frames.value.reduce((sum, { header }) => sum + header.eventCount, 0);
  const isTooMuch = bytes.length > recorderLimits.answerBytesMax || events > recorderLimits.answerEventsMax;
  if (isTooMuch || frames.value.length > Math.min(recorderLimits.answerFramesMax, limits.ingestFramesMax))
    throw new Fault("BODY_TOO_LARGE", "The answer holds more than a recording may", {
      events_max: recorderLimits.answerEventsMax,
    });
  for (const { header } of frames.value) {
    if (header.containerId === containerId && recordedClasses.has(header.class)) continue;
    throw new Fault("FRAME_MALFORMED", "A recorded frame is of another container than the alert's, or of none");
  }
  return frames.value;
}
