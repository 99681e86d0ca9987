import type { FastifyReply } from "fastify";
import * as z from "zod";
import { settingVersion } from "../core/setting-version.ts";

/** The headers of a route that replaces a setting as a whole. */
export const ifMatchSchema = z.looseObject({
  "if-match": z.string().max(1_024).optional().describe("The ETag of what this may replace; * for any"),
});

/** Those that If-Match names (RFC 9110, 13.1.1), weak ones too: a proxy that packs an answer makes its ETag weak. */
export function versionsIn({ "if-match": header }: z.infer<typeof ifMatchSchema>): string[] | undefined {
  if (header === undefined || header.trim() === "*") return undefined;
  return [...header.matchAll(/"([\x21\x23-\x7e]*)"/g)].map(([, version = ""]) => version);
}

/** The setting as the answer, with its version as ETag. */
export function withVersion<T extends object>(reply: Pick<FastifyReply, "header">, setting: T): T {
  void reply.header("etag", `"${settingVersion(setting)}"`);
  return setting;
}
