import { setTimeout as pause } from "node:timers/promises";
import { Fault } from "@atalaya/wire";
import type { FastifyRequest } from "fastify";
import type { AccountRow, HubCore } from "../hub-core.ts";
import type { LoginThrottle } from "./login-throttle.ts";
import { checkPassword } from "./password.ts";
import { newSecret, secretHash } from "./secret.ts";

/** Who wants in: what was typed, from where. */
export type SignIn = { workspaceId: string; user: string; password: string; address: string };

/**
 * The account that a user name and a password open. Throws Fault LOGIN_REFUSED (after a delay that grows with each
 * failure) or LOGIN_SLOWED with `retry_after_s`; an unknown user looks the same as a wrong password, in time too.
 */
export async function checkSignIn(core: HubCore, throttle: LoginThrottle, given: SignIn): Promise<AccountRow> {
  const attempt = throttle.begin(`${given.workspaceId}/${given.user}`, given.address);
  if (!attempt.allowed) {
    const seconds = Math.ceil(attempt.retryAfterMs / 1000);
    throw new Fault("LOGIN_SLOWED", `Too many failed logins; wait ${seconds} s and try again`, {
      retry_after_s: seconds,
    });
  }
  const account = await core.account(given.workspaceId, given.user);
  if ((await checkPassword(account?.passwordHash, given.password)) && account !== undefined) {
    attempt.succeeded();
    return account;
  }
  await pause(attempt.delayMs);
  throw new Fault("LOGIN_REFUSED", "User name or password is wrong");
}

/** Opens a session or makes a token for an account; gives the secret, of which only the hash is kept. */
export async function openSession(
  core: HubCore,
  account: Pick<AccountRow, "user" | "role"> & { workspaceId: string },
  kind: "browser" | "token",
  name: string,
  lifeMs: number,
): Promise<{ secret: string; expiresUs: number }> {
  const secret = newSecret(kind === "browser" ? "atls" : "atlt");
  const expiresUs = (Date.now() + lifeMs) * 1000;
  const row = { user: account.user, role: account.role, workspaceId: account.workspaceId, expiresUs, csrf: "header" };
  await core.putSession(secretHash(secret), row, kind, name);
  return { secret, expiresUs };
}

/** The address that counts for slowing: the connection's own; headers can be made up by anyone. */
export function addressOf(request: FastifyRequest): string {
  return request.socket.remoteAddress ?? "unknown";
}
