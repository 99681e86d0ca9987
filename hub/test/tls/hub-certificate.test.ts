import assert from "node:assert/strict";
import { X509Certificate } from "node:crypto";
import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, test } from "node:test";
import { serverLimits } from "../../src/server/limits.ts";
import { hubCertificate } from "../../src/tls/hub-certificate.ts";

let folder = "";
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "atalaya-tls-"));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const mode = (name: string) => statSync(join(folder, name)).mode & 0o777;

test("the first start makes an authority and a certificate that names every local address", async () => {
  const made = await hubCertificate(folder, "hub.example.test");
  const server = new X509Certificate(made.cert);
  const authority = new X509Certificate(made.caPem);
  assert.equal(made.renewed, true);
  assert.equal(authority.ca, true);
  assert.equal(server.ca, false);
  assert.ok(server.verify(authority.publicKey));
  assert.ok(server.checkIssued(authority));
  for (const name of ["localhost", "hub.example.test"]) assert.ok(server.checkHost(name), name);
  for (const address of ["127.0.0.1", "::1"]) assert.ok(server.checkIP(address), address);
  assert.equal(server.checkHost("elsewhere.example.test"), undefined);
  assert.deepEqual([mode("ca.key"), mode("server.key"), mode("ca.pem")], [0o600, 0o600, 0o644]);
});

test("a second start keeps what is there", async () => {
  const first = await hubCertificate(folder, "127.0.0.1");
  const second = await hubCertificate(folder, "127.0.0.1");
  assert.equal(second.renewed, false);
  assert.equal(second.cert, first.cert);
});

test("a certificate near its end is renewed under the same authority", async () => {
  const first = await hubCertificate(folder, "127.0.0.1");
  const later = Date.now() + serverLimits.certificateMs - serverLimits.certificateRenewMs + 60_000;
  const second = await hubCertificate(folder, "127.0.0.1", later);
  assert.equal(second.renewed, true);
  assert.equal(second.caPem, first.caPem);
  assert.notEqual(second.cert, first.cert);
});

test("an authority near its end is replaced together with its certificate", async () => {
  const first = await hubCertificate(folder, "127.0.0.1");
  const second = await hubCertificate(folder, "127.0.0.1", Date.now() + serverLimits.authorityMs);
  assert.notEqual(second.caPem, first.caPem);
  assert.ok(new X509Certificate(second.cert).verify(new X509Certificate(second.caPem).publicKey));
});

test("another host to listen on gets a certificate that names it", async () => {
  await hubCertificate(folder, "127.0.0.1");
  const second = await hubCertificate(folder, "10.9.8.7");
  assert.equal(second.renewed, true);
  assert.ok(new X509Certificate(second.cert).checkIP("10.9.8.7"));
});

test("a damaged key is replaced and never served", async () => {
  const first = await hubCertificate(folder, "127.0.0.1");
  writeFileSync(join(folder, "server.key"), "not a key");
  const second = await hubCertificate(folder, "127.0.0.1");
  assert.equal(second.renewed, true);
  assert.equal(second.caPem, first.caPem);
  assert.equal(readFileSync(join(folder, "server.key"), "utf8"), second.key);
});

test("a name by which others reach the hub is in its certificate, and a new one makes a new certificate", async () => {
  const names = ["atalaya-hub.kube-system.svc", "192.0.2.7"];
  const first = await hubCertificate(folder, "0.0.0.0", Date.now(), names);
  const server = new X509Certificate(first.cert);
  assert.ok(server.checkHost("atalaya-hub.kube-system.svc"));
  assert.ok(server.checkIP("192.0.2.7"));
  const second = await hubCertificate(folder, "0.0.0.0", Date.now(), [...names, "hub.example.test"]);
  assert.deepEqual([second.renewed, second.caPem === first.caPem], [true, true]);
});
