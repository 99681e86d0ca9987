import { Fault } from "@atalaya/wire";
import type { EnrolmentStore } from "./enrolment-store.ts";
import { type ClusterKeys, jwksSchema } from "./service-account.ts";

/**
 * Registers whose service-account tokens enrol nodes of a cluster. Throws Fault BODY_MALFORMED for keys that are none, and
 * USAGE where another cluster has one of them: a cluster's keys are public, so registered a second time, in any workspace,
 * they would make its tokens speak for two clusters, and such tokens are refused. So the first registration stands, and
 * nobody can undo it by another. False when it is registered just so.
 */
export async function registerCluster(store: EnrolmentStore, given: ClusterKeys, user: string): Promise<boolean> {
  const keys = { ...given, jwks: publicKeys(given.jwks) };
  const all = await store.clusterKeys();
  const isSame = (one: ClusterKeys) => one.workspaceId === keys.workspaceId && one.cluster === keys.cluster;
  if (all.some((one) => !isSame(one) && shareKey(one.jwks, keys.jwks)))
    throw new Fault("USAGE", "One of these keys is registered for another cluster already; remove that one first");
  const before = all.find(isSame);
  const names = ["issuer", "jwks", "namespace", "serviceAccount", "auditServiceAccount"] as const;
  if (before !== undefined && names.every((name) => before[name] === keys[name])) return false;
  await store.putCluster(keys, user);
  return true;
}

function shareKey(one: string, other: string): boolean {
  const known = new Set(keyNumbers(one));
  return keyNumbers(other).some((key) => known.has(key));
}

/** What makes a public key: the modulus, or the point. */
function keyNumbers(jwks: string): string[] {
  const { keys } = jwksSchema.parse(JSON.parse(jwks));
  return keys
    .map(({ n, x, y }) => [n, x, y].filter((part) => part !== undefined).join(" "))
    .filter((key) => key !== "");
}

/** What is private in a key is never stored. */
function publicKeys(text: string): string {
  try {
    const { keys } = jwksSchema.parse(JSON.parse(text));
    const publicParts = ["kty", "kid", "alg", "use", "n", "e", "crv", "x", "y"];
    return JSON.stringify({
      keys: keys.map((key) => Object.fromEntries(Object.entries(key).filter(([name]) => publicParts.includes(name)))),
    });
  } catch (cause) {
    const how = "kubectl get --raw /openid/v1/jwks prints one";
    throw new Fault("BODY_MALFORMED", `The keys are no JSON Web Key Set of RSA or EC keys: ${how}`, {}, cause);
  }
}
