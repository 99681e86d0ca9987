import type { X509Certificate } from "node:crypto";
import { Fault } from "@atalaya/wire";
import type { FastifyRequest } from "fastify";
import { nodeOnConnection, senderOfNode } from "../enrolment/authenticate-node.ts";
import type { HubCore, SenderIdentity } from "../hub-core.ts";
import { defaultWorkspace } from "../server/workspace.ts";
import { type Access, mayAct, type Who } from "./access.ts";
import { requireOwnPage } from "./csrf.ts";
import { secretHash } from "./secret.ts";

export const sessionCookie = "atalaya_session";

/**
 * Lets a request through to a route, or throws Fault CREDENTIAL_MISSING, CREDENTIAL_UNKNOWN or FORBIDDEN.
 * Runs before the body is read, so that a stranger's body costs nothing.
 */
export async function authenticate(
  core: HubCore,
  request: FastifyRequest,
  access: Access,
  ca: X509Certificate,
): Promise<void> {
  if (access === "open") return;
  if (access === "sensor") {
    request.sender = await nodeOf(core, request, ca);
    return;
  }
  if (access === "audit") {
    request.sender = await senderOf(core, request);
    return;
  }
  if (access === "watcher" && isOnThisMachine(request) && request.headers.authorization === undefined) return;
  const who = await accountOf(core, request);
  if (who.by === "cookie") requireOwnPage(request);
  const needed = access === "watcher" ? "viewer" : access === "operator" ? "admin" : access;
  if (!mayAct(who.role, needed)) {
    throw new Fault("FORBIDDEN", `This needs the role ${needed}; you have the role ${who.role}`, { needed });
  }
  if ((access === "watcher" || access === "operator") && who.workspaceId !== defaultWorkspace)
    throw new Fault("FORBIDDEN", `This is for accounts of the workspace ${defaultWorkspace}: its owner runs the hub`);
  request.who = who;
}

/** The account of a request that has passed an access of viewer, analyst or admin. */
export function whoOf(request: FastifyRequest): Who {
  if (request.who === null) throw new Error("a route reads its account but lets strangers in");
  return request.who;
}

/** The sender of a request that has passed an access of sensor or audit. */
export function senderIn(request: FastifyRequest) {
  if (request.sender === null) throw new Error("a route reads its sender but lets strangers in");
  return request.sender;
}

async function nodeOf(core: HubCore, request: FastifyRequest, ca: X509Certificate): Promise<SenderIdentity> {
  const known = await nodeOnConnection(core.enrolment, request.socket, ca);
  if (known !== undefined) return senderOfNode(known.row);
  throw new Fault("CREDENTIAL_MISSING", "This needs a node's client certificate: enrol it with atalaya enroll token");
}

async function senderOf(core: HubCore, request: FastifyRequest): Promise<SenderIdentity> {
  const token = bearer(request);
  if (token === undefined) {
    throw new Fault("CREDENTIAL_MISSING", "This needs an audit credential: send it as Authorization: Bearer");
  }
  const sender = await core.credential(secretHash(token), "audit");
  if (sender !== undefined) return sender;
  throw new Fault("CREDENTIAL_UNKNOWN", "The credential is unknown, revoked, or not one for audit records");
}

async function accountOf(core: HubCore, request: FastifyRequest): Promise<Who> {
  const token = bearer(request);
  const secret = token ?? request.cookies[sessionCookie];
  if (secret === undefined) throw new Fault("CREDENTIAL_MISSING", "You are not signed in");
  const hash = secretHash(secret);
  const session = await core.session(hash);
  if (session === undefined || session.expiresUs <= Date.now() * 1000) {
    throw new Fault("CREDENTIAL_UNKNOWN", "The session is unknown or has ended; sign in again");
  }
  return { ...session, secretHash: hash, by: token === undefined ? "cookie" : "token" };
}

function bearer(request: FastifyRequest): string | undefined {
  return /^Bearer ([\x21-\x7e]{1,512})$/i.exec(request.headers.authorization ?? "")?.[1];
}

/** The connection itself comes from a loopback address, and no proxy says that it speaks for someone else. */
function isOnThisMachine(request: FastifyRequest): boolean {
  const address = request.socket.remoteAddress ?? "";
  const forwarded = request.headers["x-forwarded-for"] ?? request.headers["forwarded"];
  return forwarded === undefined && /^(127\.|::1$|::ffff:127\.)/.test(address);
}
