import type { KubeClient } from "./kube-client.ts";

/** What the API server says of a token. Names and uids are of what the token is bound to, where it is. */
export type TokenVerdict = {
  authenticated: boolean;
  /** Those of the asked audiences that the token is for. */
  audiences: string[];
  username: string;
  podName: string | undefined;
  podUid: string | undefined;
  nodeName: string | undefined;
  /** Why not; the API server's own words, for a log. */
  error: string;
};

/**
 * Asks the API server whether a token still counts (authentication.k8s.io/v1 TokenReview): besides the signature it looks
 * whether the service account and the pod that the token is bound to are still there. A yes may be 10 s old: the API server
 * remembers it so long. Needs the right to create `tokenreviews.authentication.k8s.io`. Throws as KubeClient does.
 */
export async function reviewToken(
  client: KubeClient,
  token: string,
  audiences: readonly string[],
  options: { signal?: AbortSignal; timeoutMs?: number } = {},
): Promise<TokenVerdict> {
  const answer = await client.json({
    ...options,
    method: "POST",
    path: "/apis/authentication.k8s.io/v1/tokenreviews",
    body: { apiVersion: "authentication.k8s.io/v1", kind: "TokenReview", spec: { token, audiences } },
  });
  const status = field(answer, "status");
  const user = field(status, "user");
  const extra = (name: string) => texts(field(field(user, "extra"), `authentication.kubernetes.io/${name}`))[0];
  return {
    authenticated: field(status, "authenticated") === true,
    audiences: texts(field(status, "audiences")),
    username: text(field(user, "username")),
    podName: extra("pod-name"),
    podUid: extra("pod-uid"),
    nodeName: extra("node-name"),
    error: text(field(status, "error")).slice(0, 512),
  };
}

function field(value: unknown, name: string): unknown {
  return typeof value === "object" && value !== null && Object.hasOwn(value, name)
    ? (value as Record<string, unknown>)[name]
    : undefined;
}

const text = (value: unknown): string => (typeof value === "string" ? value : "");
const texts = (value: unknown): string[] =>
  Array.isArray(value) ? value.filter((one) => typeof one === "string") : [];
