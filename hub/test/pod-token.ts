import { exportJWK, generateKeyPair, type JWTPayload, SignJWT } from "jose";

// Tokens signed as an API server of Kubernetes 1.34 signs projected ones: claims, header and key kinds.

export const issuer = "https://kubernetes.default.svc";
export type Signer = { key: CryptoKey; kid: string; alg: "RS256" | "ES256" };

export async function newSigner(alg: Signer["alg"], kid: string): Promise<{ signer: Signer; jwk: object }> {
  const { privateKey, publicKey } = await generateKeyPair(alg, { extractable: true });
  return { signer: { key: privateKey, kid, alg }, jwk: { ...(await exportJWK(publicKey)), kid, alg, use: "sig" } };
}

let podNumber = 0;
/** A publisher's on node n1, each of another pod, with claims of the token and of its part `kubernetes.io` replaced. */
export function tokenOf(
  { key, kid, alg }: Signer,
  change: Record<string, unknown> = {},
  kubernetes: Record<string, unknown> = {},
) {
  const now = Math.floor(Date.now() / 1000);
  const claims: JWTPayload = {
    aud: ["atalaya-hub"],
    ...{ exp: now + 3_600, iat: now, nbf: now, iss: issuer, jti: crypto.randomUUID() },
    "kubernetes.io": {
      namespace: "kube-system",
      node: { name: "n1", uid: "4cf5b1b8-94b7-4be3-b0d1-3a5e6b3f8d01" },
      pod: { name: "atalaya-publisher-ds-x7k2p", uid: `pod-${++podNumber}` },
      serviceaccount: { name: "atalaya-publisher", uid: "9a8b" },
      ...kubernetes,
    },
    sub: "system:serviceaccount:kube-system:atalaya-publisher",
    ...change,
  };
  return new SignJWT(claims).setProtectedHeader({ alg, kid }).sign(key);
}
