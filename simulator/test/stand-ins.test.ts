import assert from "node:assert/strict";
import { X509Certificate } from "node:crypto";
import { once } from "node:events";
import { createServer, get } from "node:https";
import type { AddressInfo } from "node:net";
import { test } from "node:test";
import { answerApiServer } from "../src/network/api-server.ts";
import { answerMetadata } from "../src/network/metadata-service.ts";
import { selfSigned } from "../src/network/self-signed.ts";

const marker = "simulated-marker";
const ask = (method: string, path: string, headers: Record<string, string> = {}) =>
  answerMetadata({ method, url: new URL(path, "http://169.254.169.254"), headers }, marker);

test("AWS gives credentials only for a token that was asked for with a lifetime", () => {
  const roles = "/latest/meta-data/iam/security-credentials/";
  assert.equal(ask("GET", roles).status, 401);
  assert.equal(ask("PUT", "/latest/api/token").status, 400);
  assert.equal(ask("GET", "/latest/api/token").status, 405);
  for (const seconds of ["0", "21601", "long"]) {
    assert.equal(ask("PUT", "/latest/api/token", { "x-aws-ec2-metadata-token-ttl-seconds": seconds }).status, 400);
  }
  const token = ask("PUT", "/latest/api/token", { "x-aws-ec2-metadata-token-ttl-seconds": "21600" });
  const headers = { "x-aws-ec2-metadata-token": token.body };
  const role = ask("GET", roles, headers).body;
  assert.match(ask("GET", roles + role, headers).body, new RegExp(marker));
  assert.equal(ask("GET", roles + role, { "x-aws-ec2-metadata-token": "guessed" }).status, 401);
});

test("Google and Azure want their headers, and nobody answers what a proxy forwarded", () => {
  const google = "/computeMetadata/v1/instance/service-accounts/default/token";
  assert.equal(ask("GET", google).status, 403);
  assert.match(ask("GET", google, { "metadata-flavor": "Google" }).body, new RegExp(marker));
  const azure = "/metadata/identity/oauth2/token?api-version=2018-02-01&resource=https://management.azure.com";
  assert.equal(ask("GET", azure).status, 400);
  assert.equal(ask("GET", "/metadata/identity/oauth2/token", { metadata: "true" }).status, 400);
  assert.match(ask("GET", azure, { metadata: "true" }).body, new RegExp(marker));
  const forwarded = { "metadata-flavor": "Google", metadata: "true", "x-forwarded-for": "10.0.0.1" };
  assert.deepEqual([ask("GET", google, forwarded).status, ask("GET", azure, forwarded).status], [403, 403]);
});

test("the API server reviews access for the planted token alone", () => {
  const path = "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews";
  const review = JSON.stringify({ kind: "SelfSubjectAccessReview", spec: {} });
  const call = (authorization: string, body = review, at = path, method = "POST") =>
    answerApiServer(
      { method, url: new URL(at, "https://kubernetes.default"), headers: { authorization } },
      body,
      "planted",
    );
  assert.deepEqual(JSON.parse(call("Bearer planted").body).status, { allowed: false });
  assert.equal(call("Bearer other").status, 401);
  assert.equal(call("Bearer planted", "{").status, 400);
  assert.equal(call("Bearer planted", review, "/api/v1/pods").status, 404);
  assert.equal(call("Bearer planted", review, path, "GET").status, 405);
});

test("the self-signed certificate is one that OpenSSL reads, verifies and serves", async () => {
  const { key, certificate } = selfSigned("kubernetes.default");
  const parsed = new X509Certificate(certificate);
  assert.equal(parsed.subject, "CN=kubernetes.default");
  assert.ok(parsed.verify(parsed.publicKey));
  assert.ok(new Date(parsed.validFrom).getTime() < Date.now() && new Date(parsed.validTo).getTime() > Date.now());
  const server = createServer({ key, cert: certificate }, (_request, response) => response.end("served"));
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  const request = get({ port, host: "127.0.0.1", ca: certificate, checkServerIdentity: () => undefined });
  const [response] = await once(request, "response");
  assert.equal((await response.toArray()).join(""), "served");
  server.close();
});
