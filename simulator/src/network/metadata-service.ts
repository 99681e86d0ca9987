import { createHmac, timingSafeEqual } from "node:crypto";
import type { IncomingHttpHeaders } from "node:http";

// The three clouds' metadata services behind one address. Each answers only what the real one would:
//
//   AWS    PUT /latest/api/token with a lifetime of 1 to 21600 s gives a token; GETs need it (IMDSv2 only)
//   GCP    needs `Metadata-Flavor: Google`
//   Azure  needs `Metadata: true` and an api-version
//   all    refuse a request that a proxy forwarded (X-Forwarded-For)

export type Asked = { method: string; url: URL; headers: IncomingHttpHeaders };
export type Answered = { status: number; body: string; headers?: Record<string, string> };

const awsLifetime = "x-aws-ec2-metadata-token-ttl-seconds";
const awsToken = "x-aws-ec2-metadata-token";
const role = "simulation-role";

/** Answers as the metadata services do. `marker` stands in every credential, so that who shows it has really been here. */
export function answerMetadata(asked: Asked, marker: string): Answered {
  if (asked.headers["x-forwarded-for"] !== undefined) return { status: 403, body: "forwarded requests are refused" };
  const path = asked.url.pathname;
  if (path.startsWith("/latest/")) return answerAws(asked, marker);
  if (path.startsWith("/computeMetadata/")) return answerGoogle(asked, marker);
  if (path.startsWith("/metadata/")) return answerAzure(asked, marker);
  return { status: 404, body: "not found" };
}

function answerAws(asked: Asked, marker: string): Answered {
  const token = createHmac("sha256", marker).update("imds").digest("base64");
  const path = asked.url.pathname;
  if (path === "/latest/api/token") {
    if (asked.method !== "PUT") return { status: 405, body: "" };
    const seconds = Number(asked.headers[awsLifetime]);
    if (!Number.isInteger(seconds) || seconds < 1 || seconds > 21_600) return { status: 400, body: "" };
    return { status: 200, body: token, headers: { [awsLifetime]: String(seconds) } };
  }
  if (!sameText(String(asked.headers[awsToken] ?? ""), token)) return { status: 401, body: "" };
  const roles = "/latest/meta-data/iam/security-credentials/";
  if (path === roles || path === roles.slice(0, -1)) return { status: 200, body: role };
  if (path !== roles + role) return { status: 404, body: "" };
  const credentials = { Code: "Success", Type: "AWS-HMAC", AccessKeyId: "SIMULATED", Token: marker };
  return { status: 200, body: JSON.stringify(credentials, null, 2) };
}

function answerGoogle(asked: Asked, marker: string): Answered {
  if (asked.headers["metadata-flavor"] !== "Google") return { status: 403, body: "Metadata-Flavor: Google is missing" };
  const headers = { "metadata-flavor": "Google" };
  const path = asked.url.pathname;
  if (path === "/computeMetadata/v1/") return { status: 200, body: "instance/\nproject/\n", headers };
  if (path !== "/computeMetadata/v1/instance/service-accounts/default/token") return { status: 404, body: "", headers };
  return { status: 200, body: accessToken(marker), headers };
}

function answerAzure(asked: Asked, marker: string): Answered {
  if (asked.headers["metadata"] !== "true") return { status: 400, body: "Metadata: true is missing" };
  const query = asked.url.searchParams;
  if (!query.has("api-version")) return { status: 400, body: "api-version is missing" };
  if (asked.url.pathname === "/metadata/identity/oauth2/token") {
    return query.has("resource") ? { status: 200, body: accessToken(marker) } : { status: 400, body: "no resource" };
  }
  const compute: Record<string, string> = {
    "/metadata/instance/compute/subscriptionId": "00000000-0000-0000-0000-000000000000",
    "/metadata/instance/compute/resourceGroupName": "simulation",
    "/metadata/instance/compute/location": "nowhere",
  };
  const body = compute[asked.url.pathname];
  return body === undefined ? { status: 404, body: "" } : { status: 200, body };
}

function accessToken(marker: string): string {
  return JSON.stringify({ access_token: marker, expires_in: 3599, token_type: "Bearer" });
}

function sameText(one: string, other: string): boolean {
  const [a, b] = [Buffer.from(one), Buffer.from(other)];
  return a.length === b.length && timingSafeEqual(a, b);
}
