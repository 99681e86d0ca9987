import assert from "node:assert/strict";
import { test } from "node:test";
import { Fault, limits } from "@atalaya/wire";
import { parse } from "yaml";
import { auditWebhookFlags, auditWebhookKubeconfig } from "../index.ts";

const given = {
  cluster: "shop-eu",
  server: "https://hub.example:8443",
  caPem: "-----BEGIN CERTIFICATE-----\n",
  token: "t0k",
};

test("the kubeconfig names the cluster's own audit address, the hub's authority and the credential", () => {
  const config = parse(auditWebhookKubeconfig(given)) as {
    clusters: { cluster: Record<string, string> }[];
    users: { user: Record<string, string> }[];
  };
  assert.equal(config.clusters[0]?.cluster["server"], "https://hub.example:8443/v1/audit/shop-eu");
  const authority = Buffer.from(config.clusters[0]?.cluster["certificate-authority-data"] ?? "", "base64").toString();
  assert.equal(authority, given.caPem);
  assert.equal(config.users[0]?.user["token"], "t0k");
});

test("a cluster's name cannot break out of its place in the file", () => {
  const cluster = 'a"\nusers: []\n#/../..';
  const config = parse(auditWebhookKubeconfig({ ...given, cluster })) as {
    clusters: { cluster: Record<string, string> }[];
    users: unknown[];
  };
  assert.equal(
    config.clusters[0]?.cluster["server"],
    `https://hub.example:8443/v1/audit/${encodeURIComponent(cluster)}`,
  );
  assert.equal(config.users.length, 1);
});

test("the file says by which flags no batch becomes larger than the hub takes", () => {
  const file = auditWebhookKubeconfig(given);
  for (const [name, value] of Object.entries(auditWebhookFlags)) assert.ok(file.includes(`#   --${name}=${value}\n`));
  const { "audit-webhook-batch-max-size": records, "audit-webhook-truncate-max-event-size": bytes } = auditWebhookFlags;
  // Around the records there is a list, with commas between them.
  assert.ok(Number(records) * Number(bytes) + 1_024 < limits.auditBodyBytesMax);
});

test("an address without encryption is refused", () => {
  for (const server of ["http://hub.example", "hub.example", ""])
    assert.throws(
      () => auditWebhookKubeconfig({ ...given, server }),
      (error) => error instanceof Fault && error.code === "USAGE",
    );
});
