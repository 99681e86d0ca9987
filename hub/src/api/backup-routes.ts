import { pipeline, Readable } from "node:stream";
import { constants, createZstdCompress } from "node:zlib";
import * as z from "zod";
import { whoOf } from "../auth/authenticate.ts";
import type { App, RouteContext } from "../server/app-type.ts";
import { refusals, signedIn } from "./route-schema.ts";

/** A backup of the whole hub: every workspace and its keys, so for the admin of the hub's own workspace only. */
export function addBackupRoutes(app: App, { core }: RouteContext): void {
  app.route({
    method: "POST",
    url: "/api/v1/backups",
    config: { access: "operator" },
    schema: {
      tags: ["operation"],
      summary: "A backup of the whole hub as it is now: a tar packed with zstd",
      security: signedIn,
      produces: ["application/zstd"],
      response: { 200: z.unknown().meta({ contentMediaType: "application/zstd" }), ...refusals },
    },
    handler: async (request, reply) => {
      const { user } = whoOf(request);
      const made = await core.backup();
      request.log.info({ user, bytes: made.bytes }, "a backup was made");
      // Level 1: the hub goes on working beside it.
      const packed = createZstdCompress({ params: { [constants.ZSTD_c_compressionLevel]: 1 } });
      pipeline(Readable.from(made.read(), { objectMode: false }), packed, (error) => {
        made.close();
        if (error) request.log.warn({ err: error }, "a backup was not read to its end");
      });
      reply.raw.once("close", () => packed.destroy());
      return reply.type("application/zstd").header("x-atalaya-bytes", String(made.bytes)).send(packed);
    },
  });
}
