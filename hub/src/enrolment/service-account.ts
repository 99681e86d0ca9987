import { createLocalJWKSet, decodeJwt, errors, type JSONWebKeySet, jwtVerify } from "jose";
import * as z from "zod";
import { enrolmentLimits } from "./limits.ts";

/** What a cluster's administrator registered: whose tokens count, and by which keys they are verified. */
export type ClusterKeys = {
  workspaceId: string;
  cluster: string;
  issuer: string;
  /** A JSON Web Key Set, as `kubectl get --raw /openid/v1/jwks` prints it. */
  jwks: string;
  namespace: string;
  serviceAccount: string;
  /** Of the publishers on the control plane's nodes. */
  auditServiceAccount: string;
};

/** Who a projected service-account token speaks for, and whether that may send the audit log. */
export type PodProof = {
  workspaceId: string;
  cluster: string;
  node: string;
  nodeUid: string;
  podUid: string;
  mayAudit: boolean;
};

/** What the bearer of a token says of itself. */
export type Claimed = { node: string; cluster: string | undefined };

/** `newKey`: signed by a key, or for an issuer, that no registered cluster has: perhaps not yet. */
export type Verified =
  | { ok: true; value: PodProof }
  | { ok: false; code: "ENROL_REFUSED"; reason: string; newKey: boolean };

export const audience = "atalaya-hub";

// Kubernetes 1.29 and newer write the node into tokens that are bound to a pod (KEP-4193).
const named = z.object({ name: z.string().min(1).max(255), uid: z.string().min(1).max(128) });
const claimsSchema = z.object({
  "kubernetes.io": z.object({ namespace: z.string(), serviceaccount: named, pod: named, node: named }),
});

export const jwksSchema = z.object({
  keys: z
    .array(z.looseObject({ kty: z.enum(["RSA", "EC"]) }))
    .min(1)
    .max(32),
});

/**
 * Verifies a projected token (signature, issuer, audience, times) against the keys of the clusters that could have made
 * it, and that it names a service account of publishers, a pod and a node. The reason is for the log: whoever asks is
 * told the same for all. `node` and `cluster` are what the bearer claims.
 */
export async function verifyServiceAccount(
  token: string,
  clusters: readonly ClusterKeys[],
  claimed: Claimed,
): Promise<Verified> {
  const proofs: PodProof[] = [];
  let refusal = bad("no registered cluster has this issuer", true);
  for (const of of clusters) {
    if (claimed.cluster !== undefined && claimed.cluster !== of.cluster) continue;
    const proof = await verifyFor(token, of);
    if (proof.ok) proofs.push(proof.value);
    else refusal = proof;
  }
  const [proof, another] = proofs;
  if (proof === undefined) return refusal;
  // Two clusters registered with one key: which of them it is must not be guessed.
  if (another !== undefined) return bad("more than one registered cluster has the key that signed it");
  return proof.node === claimed.node ? { ok: true, value: proof } : bad("it names another node");
}

function bad(reason: string, newKey = false): Extract<Verified, { ok: false }> {
  return { ok: false, code: "ENROL_REFUSED", reason, newKey };
}

async function verifyFor(token: string, of: ClusterKeys): Promise<Verified> {
  try {
    if (decodeJwt(token).iss !== of.issuer) return bad("no registered cluster has this issuer", true);
    const keys = createLocalJWKSet(JSON.parse(of.jwks) as JSONWebKeySet);
    const { payload } = await jwtVerify(token, keys, {
      issuer: of.issuer,
      audience,
      algorithms: ["RS256", "ES256", "ES384"],
      clockTolerance: enrolmentLimits.tokenLeewayMs / 1000,
      requiredClaims: ["exp", "iat", "sub"],
    });
    const claims = claimsSchema.safeParse(payload);
    if (!claims.success)
      return bad("it names no pod or no node: it is no projected token of a pod, or the cluster is older than 1.29");
    const { namespace, serviceaccount, pod, node } = claims.data["kubernetes.io"];
    if (namespace !== of.namespace) return bad("it is of another namespace");
    const mayAudit = serviceaccount.name === of.auditServiceAccount;
    if (
      (serviceaccount.name !== of.serviceAccount && !mayAudit) ||
      payload.sub !== `system:serviceaccount:${namespace}:${serviceaccount.name}`
    )
      return bad("it is of another service account");
    const { workspaceId, cluster } = of;
    return { ok: true, value: { workspaceId, cluster, node: node.name, nodeUid: node.uid, podUid: pod.uid, mayAudit } };
  } catch (error) {
    const unknownKey = error instanceof errors.JWKSNoMatchingKey;
    return bad(error instanceof errors.JOSEError ? error.code : "it is no JSON Web Token", unknownKey);
  }
}
