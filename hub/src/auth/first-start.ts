import { mkdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { writeWhole } from "@atalaya/wire/files";
import type { HubCore } from "../hub-core.ts";
import { serverLimits } from "../server/limits.ts";
import { defaultWorkspace } from "../server/workspace.ts";
import { hashPassword } from "./password.ts";
import { newPassword, secretHash } from "./secret.ts";
import { openSession } from "./sign-in.ts";

const firstUser = "admin";

/** Makes the account `admin` where there is none (or its password anew, when told to) and gives the password, once. */
export async function ensureFirstAccount(core: HubCore, anew: boolean): Promise<string | undefined> {
  if (!anew && (await core.account(defaultWorkspace, firstUser)) !== undefined) return undefined;
  const password = newPassword();
  const passwordHash = await hashPassword(password);
  await core.putAccount(defaultWorkspace, { user: firstUser, passwordHash, role: "admin" });
  // Who lost the password to somebody wants that one out.
  await core.people.endSessions(defaultWorkspace, firstUser);
  return password;
}

/** What the command line on this machine signs in with: `client.json`, mode 0600, with a token of the role admin. */
export async function ensureLocalClient(core: HubCore, dataFolder: string, url: string): Promise<void> {
  const file = join(dataFolder, "client.json");
  const present = parseClient(readText(file));
  const session = present === undefined ? undefined : await core.session(secretHash(present.token));
  const goodUntilUs = (Date.now() + serverLimits.localTokenRenewMs) * 1000;
  const keep = session !== undefined && session.expiresUs > goodUntilUs ? present?.token : undefined;
  if (keep !== undefined && present?.url === url) return;
  const life = serverLimits.localTokenMs;
  const token =
    keep ??
    (
      await openSession(
        core,
        { user: firstUser, role: "admin", workspaceId: defaultWorkspace },
        "token",
        "this machine",
        life,
      )
    ).secret;
  mkdirSync(dataFolder, { recursive: true, mode: 0o700 });
  writeWhole(file, `${JSON.stringify({ url, ca_file: join("hub", "ca.pem"), token }, null, 2)}\n`);
  if (keep === undefined && present !== undefined) await core.deleteSession(secretHash(present.token));
}

function readText(file: string): string | undefined {
  try {
    return readFileSync(file, "utf8");
  } catch {
    return undefined;
  }
}

function parseClient(text: string | undefined): { url: string; token: string } | undefined {
  try {
    const value: unknown = JSON.parse(text ?? "");
    if (typeof value !== "object" || value === null || !("url" in value) || !("token" in value)) return undefined;
    const { url, token } = value;
    return typeof url === "string" && typeof token === "string" ? { url, token } : undefined;
  } catch {
    return undefined;
  }
}
