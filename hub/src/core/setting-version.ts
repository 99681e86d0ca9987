import { createHash } from "node:crypto";
import { Fault } from "@atalaya/wire";

/** The same for the same setting (a policy, say) as its schema reads it, 32 hexadecimal digits: what was read is what is replaced. */
export function settingVersion(setting: object): string {
  return createHash("sha256").update(JSON.stringify(setting)).digest("hex").slice(0, 32);
}

/** Throws Fault CHANGED_SINCE where the setting is none of these versions; without versions any may be replaced. */
export function requireVersion(setting: object, versions: readonly string[] | undefined): void {
  if (versions === undefined || versions.includes(settingVersion(setting))) return;
  const message = "It was changed since it was read: nothing was changed now. Read it and change it anew.";
  throw new Fault("CHANGED_SINCE", message, { version: settingVersion(setting) });
}
