import { type ClaimReply, syncReplySchema, syncRequestSchema } from "@atalaya/wire";
import { senderIn } from "../auth/authenticate.ts";
import type { KubeClusters } from "../enrolment/kube-clusters.ts";
import { judgeClaim } from "../inventory/judge-claim.ts";
import type { App, RouteContext } from "../server/app-type.ts";
import { refusals, sensorOnly } from "./route-schema.ts";
import { nodeOf } from "./sending-node.ts";

/** A publisher reports and waits for news: the answer comes at once when its node's state is newer than it holds. */
export function addSyncRoute(app: App, { core }: RouteContext, clusters: Pick<KubeClusters, "verify">): void {
  app.route({
    method: "POST",
    url: "/v1/sync",
    config: { access: "sensor" },
    schema: {
      tags: ["senders"],
      summary: "A publisher's report; the answer waits for the node's desired state",
      security: sensorOnly,
      body: syncRequestSchema,
      response: { 200: syncReplySchema, ...refusals },
    },
    handler: async (request, reply) => {
      const arrivedUs = Date.now() * 1_000;
      const of = nodeOf(senderIn(request));
      const { body } = request;
      core.synced(of, body, arrivedUs);
      const claims: ClaimReply[] = [];
      for (const { token } of body.claims ?? []) claims.push(await judgeClaim({ core, clusters }, of, token));
      const gone = new AbortController();
      reply.raw.once("close", () => gone.abort());
      let pulls = core.recorder.pulls(of);
      const waitMs = pulls.length > 0 ? 0 : body.wait_s * 1_000;
      const state = await core.desiredState(of, body.holds, waitMs, gone.signal);
      if (pulls.length === 0) pulls = core.recorder.pulls(of);
      const now_us = Date.now() * 1_000;
      return {
        now_us,
        ...(state !== undefined && { state }),
        ...(claims.length > 0 && { claims }),
        ...(pulls.length > 0 && { pulls }),
      };
    },
  });
}
