import { Fault, loginRequestSchema, sessionSchema, tokenRequestSchema, tokenSchema } from "@atalaya/wire";
import type { FastifyReply, FastifyRequest } from "fastify";
import { mayAct } from "../auth/access.ts";
import { sessionCookie, whoOf } from "../auth/authenticate.ts";
import { isForeign } from "../auth/csrf.ts";
import { LoginThrottle } from "../auth/login-throttle.ts";
import { addressOf, checkSignIn, openSession } from "../auth/sign-in.ts";
import type { App, RouteContext } from "../server/app-type.ts";
import { serverLimits } from "../server/limits.ts";
import { defaultWorkspace } from "../server/workspace.ts";
import { nothing, refusals, signedIn } from "./route-schema.ts";

const tags = ["session"];
// __Host- would be stricter still (RFC 6265bis, 4.1.3.2), but the name is part of the API's contract.
const cookieOptions = { path: "/", httpOnly: true, secure: true, sameSite: "strict" } as const;

/** Signing in and out, and tokens for the command line. */
export function addSessionRoutes(app: App, { core, version }: RouteContext): void {
  const throttle = new LoginThrottle();

  async function signIn(
    request: FastifyRequest,
    given: { user: string; password: string; workspace?: string | undefined },
  ) {
    if (isForeign(request)) throw new Fault("FORBIDDEN", "Sign in on the hub's own page, not from another site");
    const address = addressOf(request);
    try {
      const workspaceId = given.workspace ?? defaultWorkspace;
      const account = await checkSignIn(core, throttle, { ...given, workspaceId, address });
      request.log.info({ user: account.user, workspace: workspaceId, address }, "signed in");
      request.changed = { user: account.user, workspaceId };
      return { ...account, workspaceId };
    } catch (error) {
      // The name as typed is left out: people type passwords into it.
      if (error instanceof Fault) request.log.warn({ code: error.code, address }, "sign-in refused");
      throw error;
    }
  }

  app.route({
    method: "POST",
    url: "/api/v1/login",
    config: { access: "open" },
    schema: {
      tags,
      summary: "Sign in; sets the session cookie",
      security: [],
      body: loginRequestSchema,
      response: { 200: sessionSchema, ...refusals },
    },
    handler: async (request, reply) => {
      const account = await signIn(request, request.body);
      const { secret } = await openSession(core, account, "browser", "browser", serverLimits.sessionMs);
      void reply.setCookie(sessionCookie, secret, { ...cookieOptions, maxAge: serverLimits.sessionMs / 1000 });
      return { user: account.user, role: account.role, workspace: account.workspaceId, version };
    },
  });

  app.route({
    method: "POST",
    url: "/api/v1/tokens",
    config: { access: "open" },
    schema: {
      tags,
      summary: "A bearer token for the command line, good for 90 days",
      security: [],
      body: tokenRequestSchema,
      response: { 200: tokenSchema, ...refusals },
    },
    handler: async (request) => {
      const account = await signIn(request, request.body);
      const { name, scope, valid_s } = request.body;
      // A scope narrows and never widens.
      const role = scope !== undefined && mayAct(account.role, scope) ? scope : account.role;
      const lifeMs = valid_s === undefined ? serverLimits.tokenMs : valid_s * 1000;
      const made = await openSession(core, { ...account, role }, "token", name, lifeMs);
      request.changed = { ...request.changed, object: printable(name) };
      return { token: made.secret, expires_us: made.expiresUs, role };
    },
  });

  app.route({
    method: "POST",
    url: "/api/v1/logout",
    config: { access: "viewer" },
    schema: {
      tags,
      summary: "Sign out; the session or token is worthless after",
      security: signedIn,
      response: { 204: nothing, ...refusals },
    },
    handler: async (request, reply: FastifyReply) => {
      await core.deleteSession(whoOf(request).secretHash);
      return reply.clearCookie(sessionCookie, cookieOptions).code(204).send();
    },
  });

  app.route({
    method: "GET",
    url: "/api/v1/session",
    config: { access: "viewer" },
    schema: { tags, summary: "Who is signed in", security: signedIn, response: { 200: sessionSchema, ...refusals } },
    handler: (request) => {
      const who = whoOf(request);
      return { user: who.user, role: who.role, workspace: who.workspaceId, version };
    },
  });
}

function printable(text: string): string {
  return text.replace(/[^\x20-\x7e]/g, "?").slice(0, 128);
}
