import type { FastifyInstance } from "fastify";

// The page's scripts and connections are our own and nobody else's. Mantine writes <style> elements, hence
// 'unsafe-inline' for styles; scripts get no such leave.
const contentSecurityPolicy = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self' 'unsafe-inline'",
  "img-src 'self' data:",
  "font-src 'self' data:",
  "connect-src 'self'",
  "worker-src 'self'",
  "manifest-src 'self'",
  "form-action 'self'",
  "base-uri 'none'",
  "frame-ancestors 'none'",
].join("; ");

const always = {
  "content-security-policy": contentSecurityPolicy,
  "x-content-type-options": "nosniff",
  "x-frame-options": "DENY",
  "referrer-policy": "no-referrer",
  "cross-origin-opener-policy": "same-origin",
  "cross-origin-resource-policy": "same-origin",
  "permissions-policy": "camera=(), geolocation=(), microphone=(), payment=(), usb=()",
} as const;

/** Puts the same protective headers on every answer, refusals included; answers of the API are kept by no cache. */
export function addSecurityHeaders(app: FastifyInstance): void {
  app.addHook("onRequest", (request, reply, done) => {
    void reply.headers(always);
    if (/^\/(api|v1|metrics|openapi|healthz)\b/.test(request.url)) void reply.header("cache-control", "no-store");
    // Not for localhost: a browser would then refuse every other plain-http server on this machine's ports.
    if (!/^(localhost|127\.|\[::1\])/.test(request.headers.host ?? "localhost")) {
      void reply.header("strict-transport-security", "max-age=31536000");
    }
    done();
  });
}
