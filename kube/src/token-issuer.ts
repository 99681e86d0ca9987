import { Fault } from "@atalaya/wire/framing";
import type { KubeClient } from "./kube-client.ts";

/** Who signs a cluster's service-account tokens: `iss` of each, and the public keys as a JSON Web Key Set. */
export type TokenIssuer = { issuer: string; jwks: string };

/**
 * Asks the cluster itself (OpenID discovery, Kubernetes 1.21 and newer). Every service account may, by the ClusterRole
 * `system:service-account-issuer-discovery`. Throws as KubeClient does.
 */
export async function readTokenIssuer(
  client: KubeClient,
  options: { signal?: AbortSignal; timeoutMs?: number } = {},
): Promise<TokenIssuer> {
  const path = "/.well-known/openid-configuration";
  const configuration = (await client.json({ ...options, path })) as { issuer?: unknown } | null;
  const issuer = configuration?.issuer;
  if (typeof issuer !== "string" || issuer === "")
    throw new Fault("KUBE_UNREACHABLE", `The Kubernetes API server at ${client.url} names no issuer of tokens`, {
      path,
    });
  return {
    issuer,
    jwks: await client.text({ ...options, path: "/openid/v1/jwks", accept: "application/jwk-set+json" }),
  };
}
