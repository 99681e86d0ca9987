import {
  accountRequestSchema,
  accountSchema,
  Fault,
  listedTokenSchema,
  madeAccountSchema,
  madeWorkspaceSchema,
  workspaceRequestSchema,
  workspaceSchema,
} from "@atalaya/wire";
import * as z from "zod";
import { whoOf } from "../auth/authenticate.ts";
import { hashPassword } from "../auth/password.ts";
import { newPassword } from "../auth/secret.ts";
import type { App, RouteContext } from "../server/app-type.ts";
import { nothing, refusals, signedIn } from "./route-schema.ts";

const tags = ["people"];

/** Accounts of a workspace, their tokens, and workspaces. */
export function addPeopleRoutes(app: App, context: RouteContext): void {
  addAccountRoutes(app, context);
  addTokenRoutes(app, context);
  addWorkspaceRoutes(app, context);
}

function addAccountRoutes(app: App, { core }: RouteContext): void {
  app.route({
    method: "GET",
    url: "/api/v1/accounts",
    config: { access: "admin" },
    schema: {
      tags,
      summary: "The accounts of the workspace",
      security: signedIn,
      response: { 200: z.object({ accounts: z.array(accountSchema) }), ...refusals },
    },
    handler: async (request) => ({ accounts: await core.people.accounts(whoOf(request).workspaceId) }),
  });

  app.route({
    method: "POST",
    url: "/api/v1/accounts",
    config: { access: "admin" },
    schema: {
      tags,
      summary: "Make an account, or give one another role and a new password; its sessions and tokens end",
      security: signedIn,
      body: accountRequestSchema,
      response: { 200: madeAccountSchema, ...refusals },
    },
    handler: async (request) => {
      const { workspaceId, user: by } = whoOf(request);
      const { user, role } = request.body;
      if (user === by) throw notYourself();
      const password = newPassword();
      await core.putAccount(workspaceId, { user, role, passwordHash: await hashPassword(password) });
      await core.people.endSessions(workspaceId, user);
      request.changed = { object: `${user} ${role}` };
      request.log.info({ user: by, account: user, role }, "an account was made");
      return { user, role, password };
    },
  });

  app.route({
    method: "DELETE",
    url: "/api/v1/accounts/:user",
    config: { access: "admin" },
    schema: {
      tags,
      summary: "Remove an account, with its sessions and tokens",
      security: signedIn,
      params: z.object({ user: z.string().min(1).max(128) }),
      response: { 204: nothing, ...refusals },
    },
    handler: async (request, reply) => {
      const { workspaceId, user: by } = whoOf(request);
      const { user } = request.params;
      if (user === by) throw notYourself();
      if (!(await core.people.deleteAccount(workspaceId, user)))
        throw new Fault("NOT_FOUND", "There is no such account");
      request.log.info({ user: by, account: user }, "an account was removed");
      return reply.code(204).send();
    },
  });
}

/** A workspace always keeps an admin: whoever asks is one, and stays it. */
function notYourself(): Fault {
  return new Fault("USAGE", "Nobody changes or removes their own account: let another admin do it");
}

function addTokenRoutes(app: App, { core }: RouteContext): void {
  app.route({
    method: "GET",
    url: "/api/v1/tokens",
    config: { access: "viewer" },
    schema: {
      tags,
      summary: "Your tokens for the command line; an admin sees everybody's. Never their secrets",
      security: signedIn,
      response: { 200: z.object({ tokens: z.array(listedTokenSchema) }), ...refusals },
    },
    handler: async (request) => {
      const { workspaceId, user, role } = whoOf(request);
      return { tokens: await core.people.tokens(workspaceId, role === "admin" ? undefined : user) };
    },
  });

  app.route({
    method: "DELETE",
    url: "/api/v1/tokens/:id",
    config: { access: "viewer" },
    schema: {
      tags,
      summary: "Revoke a token of yours (an admin: anybody's)",
      security: signedIn,
      params: z.object({ id: z.string().regex(/^[0-9a-f]{16}$/) }),
      response: { 204: nothing, ...refusals },
    },
    handler: async (request, reply) => {
      const { workspaceId, user, role } = whoOf(request);
      if (!(await core.people.deleteToken(workspaceId, request.params.id, role === "admin" ? undefined : user)))
        throw new Fault("NOT_FOUND", "There is no such token");
      return reply.code(204).send();
    },
  });
}

function addWorkspaceRoutes(app: App, { core }: RouteContext): void {
  app.route({
    method: "GET",
    url: "/api/v1/workspaces",
    config: { access: "operator" },
    schema: {
      tags,
      summary: "The workspaces of this hub; for admins of the workspace default",
      security: signedIn,
      response: { 200: z.object({ workspaces: z.array(workspaceSchema) }), ...refusals },
    },
    handler: async () => ({ workspaces: await core.people.workspaces() }),
  });

  app.route({
    method: "POST",
    url: "/api/v1/workspaces",
    config: { access: "operator" },
    schema: {
      tags,
      summary: "Make a workspace with a first account; for admins of the workspace default",
      security: signedIn,
      body: workspaceRequestSchema,
      response: { 200: madeWorkspaceSchema, ...refusals },
    },
    handler: async (request) => {
      const { workspace } = request.body;
      const password = newPassword();
      const first = { user: "admin", role: "admin" as const };
      const made = await core.people.makeWorkspace(workspace, { ...first, passwordHash: await hashPassword(password) });
      if (!made) throw new Fault("USAGE", "There is a workspace of this name already");
      request.changed = { object: workspace };
      request.log.info({ user: whoOf(request).user, workspace }, "a workspace was made");
      return { workspace, ...first, password };
    },
  });
}
