import { createHash } from "node:crypto";
import { type DriftPolicy, Fault } from "@atalaya/wire";

/** The same for the same policy, 32 hexadecimal digits: what was read is what is replaced. */
export function policyVersion(policy: DriftPolicy): string {
  return createHash("sha256").update(JSON.stringify(policy)).digest("hex").slice(0, 32);
}

/** Throws Fault CHANGED_SINCE where the policy is none of these versions; without versions any may be replaced. */
export function requireVersion(policy: DriftPolicy, versions: readonly string[] | undefined): void {
  if (versions === undefined || versions.includes(policyVersion(policy))) return;
  const message =
    "Another policy is in force than the one that was read: nothing was changed. Read it and change it anew.";
  throw new Fault("CHANGED_SINCE", message, { version: policyVersion(policy) });
}
