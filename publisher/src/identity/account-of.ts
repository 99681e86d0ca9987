/**
 * The service account that a Kubernetes token names (its claim `sub`, RFC 7519), as `system:serviceaccount:NAMESPACE:NAME`.
 * Undefined for what is no such token. Nothing is verified: that is the hub's.
 */
export function accountOf(token: string): string | undefined {
  try {
    const claims: unknown = JSON.parse(Buffer.from(token.split(".")[1] ?? "", "base64url").toString("utf8"));
    const subject = typeof claims === "object" && claims !== null && "sub" in claims ? claims.sub : undefined;
    return typeof subject === "string" && subject.length <= 512 ? subject : undefined;
  } catch {
    return undefined;
  }
}
