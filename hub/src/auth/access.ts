import type { SenderIdentity, SessionRow } from "../hub-core.ts";

/**
 * Who may call a route. Every route names one; a route that names none stops the hub at its start.
 * "operator": an admin of the workspace `default`, whose owner runs the hub. "watcher": an account of that workspace, or
 * whoever asks from this machine itself (for a Prometheus beside the hub): what it shows is of all workspaces.
 */
export type Access = "open" | "viewer" | "analyst" | "admin" | "sensor" | "audit" | "operator" | "watcher";

const ranks = { viewer: 1, analyst: 2, admin: 3 } as const;

/** Whether a role is at least the one asked for. */
export function mayAct(role: SessionRow["role"], needed: "viewer" | "analyst" | "admin"): boolean {
  return ranks[role] >= ranks[needed];
}

/** A signed-in account and how it showed itself; `secretHash` is the session's key in the store. */
export type Who = SessionRow & { secretHash: string; by: "cookie" | "token" };

declare module "fastify" {
  interface FastifyContextConfig {
    access?: Access;
  }
  interface FastifyRequest {
    who: Who | null;
    sender: SenderIdentity | null;
  }
}
