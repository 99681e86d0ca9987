import { decodeFrames, Fault, type Frame, ingestReplySchema, limits } from "@atalaya/wire";
import * as z from "zod";
import { senderIn } from "../auth/authenticate.ts";
import { checkNames } from "../enrolment/check-names.ts";
import type { HubCore, SenderIdentity } from "../hub-core.ts";
import type { App, RouteContext } from "../server/app-type.ts";
import type { BodyAdmission } from "./body-admission.ts";
import { refusals, sensorOnly } from "./route-schema.ts";
import { nodeOf } from "./sending-node.ts";
import { unpackZstd } from "./unpack.ts";

const bodySchema = z.unknown().meta({
  description: "Frames, one after another, packed as zstd frames (RFC 8878; at most 256, one after another)",
  contentMediaType: "application/zstd",
});

/** Where publishers send. The answer comes after evaluation and commit and carries the node's desired state when it is newer. */
export function addIngestRoute(app: App, { core, metrics }: RouteContext, admission: BodyAdmission): void {
  void app.register(async (scope) => {
    scope.removeAllContentTypeParsers();
    scope.addContentTypeParser("*", { parseAs: "buffer" }, (_request, body, done) => done(null, body));
    (scope as unknown as App).route({
      method: "POST",
      url: "/v1/ingest",
      bodyLimit: limits.ingestBodyBytesMax,
      config: { access: "sensor" },
      schema: {
        tags: ["senders"],
        summary: "Events from a sensor",
        security: sensorOnly,
        consumes: ["application/zstd"],
        body: bodySchema,
        response: { 200: ingestReplySchema, ...refusals },
      },
      onRequest: async (request, reply) => admission.admit(request, reply, limits.ingestBodyBytesMax),
      handler: async (request) => {
        const packed = Buffer.isBuffer(request.body) ? request.body : Buffer.alloc(0);
        const bytes = await unpackZstd(packed);
        metrics.ingestBytes.inc({ form: "packed" }, packed.length);
        metrics.ingestBytes.inc({ form: "unpacked" }, bytes.length);
        const frames = decodeFrames(bytes);
        if (!frames.ok) throw new Fault(frames.code, `A frame was refused: ${frames.reason}`);
        const sender = senderIn(request);
        await refuseOthers(core, frames.value, sender);
        const { accepted, duplicates } = await core.ingest(frames.value, sender);
        const counts = { accepted, duplicates };
        const holds = heldVersion(request.headers["x-atalaya-state"]);
        // A publisher that knows no states has the plain plan.
        if (holds === undefined) return { ...counts, filters: core.filterPlan() };
        const state = await core.desiredState(nodeOf(sender), holds, 0, AbortSignal.abort());
        return state === undefined ? counts : { ...counts, state };
      },
    });
  });
}

/** Throws Fault IDENTITY_MISMATCH; who tries it is told of. */
async function refuseOthers(core: HubCore, frames: readonly Frame[], sender: SenderIdentity): Promise<void> {
  const headers = frames.map((frame) => frame.header);
  const told = headers.filter((header) => header.class === "inventory").map(({ lastTimeUs }) => lastTimeUs);
  const mayInventory = told.length > 0 && (await core.inventory.mayBeSentBy(nodeOf(sender), Math.max(...told)));
  try {
    checkNames(headers, { ...sender, mayInventory });
  } catch (error) {
    if (error instanceof Fault && error.code === "IDENTITY_MISMATCH")
      core.mismatched(nodeOf(sender), error.message, String(error.facts["names_another"] ?? ""));
    throw error;
  }
}

function heldVersion(header: string | string[] | undefined): number | undefined {
  return typeof header === "string" && /^\d{1,16}$/.test(header) ? Number(header) : undefined;
}
