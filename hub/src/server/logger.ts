import type { FastifyBaseLogger } from "fastify";
import { destination, pino } from "pino";

/** One JSON line an entry on standard error (standard output is for Falco's lines). Headers and bodies are never logged. */
export function makeLogger(level: string): FastifyBaseLogger {
  // A log on a full disk loses lines; it must not end the hub, nor grow in its memory.
  const out = destination({ fd: 2, sync: true, maxLength: 1024 * 1024 });
  const made = pino(
    {
      level,
      base: { part: "hub" },
      timestamp: () => `,"time":"${new Date().toISOString()}"`,
      // What fastify would log of a request by itself: neither its query nor its headers.
      serializers: { req: () => undefined, res: () => undefined },
      redact: { paths: ["password", "token", "authorization", "cookie", "*.password", "*.token"], remove: true },
    },
    out,
  );
  out.on("error", () => undefined);
  return made;
}
