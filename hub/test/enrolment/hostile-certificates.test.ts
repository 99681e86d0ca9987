// Certificates and requests as no publisher of ours makes them: nothing but exactly one node's name lets anyone in.
import "reflect-metadata";
import assert from "node:assert/strict";
import { X509Certificate } from "node:crypto";
import { Agent } from "node:https";
import { after, before, test } from "node:test";
import {
  BasicConstraintsExtension,
  ExtendedKeyUsage,
  ExtendedKeyUsageExtension,
  type Extension,
  SubjectAlternativeNameExtension,
  X509CertificateGenerator,
} from "@peculiar/x509";
import fc from "fast-check";
import { peerCertificate, readNodeCertificate } from "../../src/enrolment/peer-certificate.ts";
import { openAuthority } from "../../src/tls/hub-authority.ts";
import { algorithm, importKey } from "../../src/tls/issue.ts";
import { readRequest } from "../../src/tls/issue-node.ts";
import { askForCertificate, newNodeKey } from "../enrol-node.ts";
import { execEvent, packed, processFrame } from "../frames.ts";
import { TestHub } from "../test-hub.ts";

let hub: TestHub;
let keys: CryptoKeyPair;
before(async () => {
  hub = await TestHub.start();
  keys = await crypto.subtle.generateKey(algorithm, true, ["sign", "verify"]);
});
after(() => hub.stop());

type Name = { type: "url" | "dns" | "email"; value: string };
const node = "atalaya://default/shop/n1";
const client = () => new ExtendedKeyUsageExtension([ExtendedKeyUsage.clientAuth]);
const named = (...names: Name[]) => new SubjectAlternativeNameExtension(names);

/** A certificate that the hub's own CA signed, with these extensions. */
async function signed(...extensions: Extension[]): Promise<string> {
  const certificate = await X509CertificateGenerator.create(
    {
      ...{ serialNumber: "01", subject: "CN=x", issuer: new X509Certificate(hub.read("hub/ca.pem")).subject },
      ...{ notBefore: new Date(Date.now() - 1_000), notAfter: new Date(Date.now() + 3_600_000) },
      ...{ signingAlgorithm: algorithm, publicKey: keys.publicKey, extensions },
      signingKey: await importKey(hub.read("hub/ca.key")),
    },
    crypto,
  );
  return certificate.toString("pem");
}

test("of all that the CA might have signed, only a client certificate of exactly one node names a node", async () => {
  const ca = new X509Certificate(hub.read("hub/ca.pem"));
  const good = await signed(client(), named({ type: "url", value: node }));
  assert.partialDeepStrictEqual(readNodeCertificate(good, ca), { workspace: "default", cluster: "shop", node: "n1" });
  const bad: [what: string, certificate: string][] = [
    ["no name", await signed(client())],
    ["no use", await signed(named({ type: "url", value: node }))],
    [
      "a server",
      await signed(new ExtendedKeyUsageExtension([ExtendedKeyUsage.serverAuth]), named({ type: "url", value: node })),
    ],
    ["two nodes", await signed(client(), named({ type: "url", value: node }, { type: "url", value: `${node}2` }))],
    ["a node and a host", await signed(client(), named({ type: "url", value: node }, { type: "dns", value: "hub" }))],
    ["a host", await signed(client(), named({ type: "dns", value: "n1" }))],
    ["a name inside another", await signed(client(), named({ type: "dns", value: `a, URI:${node}` }))],
    ["a mail address", await signed(client(), named({ type: "email", value: `URI:${node}` }))],
    ["an authority", await signed(client(), new BasicConstraintsExtension(true), named({ type: "url", value: node }))],
    ["another scheme", await signed(client(), named({ type: "url", value: "https://default/shop/n1" }))],
    ["too many parts", await signed(client(), named({ type: "url", value: `${node}/x` }))],
    ["too few parts", await signed(client(), named({ type: "url", value: "atalaya://default/n1" }))],
    ["half an escape", await signed(client(), named({ type: "url", value: "atalaya://default/shop/%f" }))],
  ];
  for (const [what, certificate] of bad) assert.equal(readNodeCertificate(certificate, ca), undefined, what);
});

test("any name that a node may have comes back from its certificate as it was, and nothing beside it", async () => {
  const authority = openAuthority(`${hub.data}/hub`);
  const key = await authority.readRequest((await newNodeKey()).csr);
  const ca = new X509Certificate(authority.caPem);
  const name = fc.string({
    unit: fc.integer({ min: 0x21, max: 0x7e }).map((code) => String.fromCharCode(code)),
    minLength: 1,
    maxLength: 60,
  });
  await fc.assert(
    fc.asyncProperty(name, name, name, async (workspace, cluster, of) => {
      const pem = await authority.issueNode(key, { workspace, cluster, node: of }, (Date.now() + 60_000) * 1000);
      assert.partialDeepStrictEqual(readNodeCertificate(pem, ca), { workspace, cluster, node: of });
    }),
    { numRuns: 60, interruptAfterTimeLimit: 8_000 },
  );
});

test("no damage to a certificate or to a request makes reading it throw, or pass as another's", async () => {
  const ca = new X509Certificate(hub.read("hub/ca.pem"));
  const certificate = new X509Certificate(await signed(client(), named({ type: "url", value: node }))).raw;
  const { csr } = await newNodeKey();
  const request = Buffer.from(csr.replace(/-----[A-Z ]+-----|\s/g, ""), "base64");
  const damage = fc.array(fc.tuple(fc.nat(), fc.oneof(fc.nat(255), fc.constantFrom(0x80, 0x84, 0xff))), {
    minLength: 1,
    maxLength: 4,
  });
  const key = await readRequest(csr);
  await fc.assert(
    fc.asyncProperty(damage, fc.option(fc.nat(), { freq: 4 }), async (changes, cut) => {
      const damaged = (good: Buffer) => {
        const bytes = Buffer.from(good.subarray(0, cut === null ? good.length : cut % good.length));
        for (const [at, value] of changes) if (bytes.length > 0) bytes[at % bytes.length] = value;
        return bytes;
      };
      const read = readNodeCertificate(damaged(certificate), ca);
      assert.ok(read === undefined || read.node === "n1");
      const base64 = damaged(request).toString("base64");
      const asked = await readRequest(
        `-----BEGIN CERTIFICATE REQUEST-----\n${base64}\n-----END CERTIFICATE REQUEST-----`,
      );
      assert.ok(asked === undefined || asked.sha256 === key?.sha256);
    }),
    { numRuns: 1_500, interruptAfterTimeLimit: 15_000 },
  );
  const deep = Buffer.concat(Array.from({ length: 2_000 }, () => Buffer.from([0x30, 0x80])));
  for (const bytes of [deep, Buffer.alloc(6_000, 0x30), Buffer.from([0x30, 0x84, 0x7f, 0xff, 0xff, 0xff])]) {
    const started = performance.now();
    assert.equal(await readRequest(bytes.toString("base64")), undefined);
    assert.equal(readNodeCertificate(bytes, ca), undefined);
    assert.ok(performance.now() - started < 2_000);
  }
});

test("a connection that is taken up again by its session has its certificate still, and a revocation counts there too", async () => {
  const made = await hub.admin("POST", "/api/v1/enrolment-tokens", { cluster: "shop" });
  const { csr, key } = await newNodeKey();
  const enrolled = await askForCertificate(
    hub.hub.url,
    "/v1/enroll",
    { csr, token: made.json["token"], node: "n1" },
    hub.agent,
  );
  // Each request has a connection of its own, and each but the first resumes the session of the one before.
  const agent = new Agent({
    ca: hub.read("hub/ca.pem"),
    cert: enrolled.reply?.certificate ?? "",
    key,
    keepAlive: false,
  });
  const resumed: boolean[] = [];
  agent.on("keylog", (_line, socket) => socket.once("secureConnect", () => resumed.push(socket.isSessionReused())));
  const send = () =>
    hub.call("POST", "/v1/ingest", {
      raw: packed(processFrame([execEvent()], { node: "n1", cluster: "shop" })),
      agent,
    });
  for (let i = 0; i < 3; i++) assert.equal((await send()).status, 200, `request ${i}`);
  assert.deepEqual([resumed[0], resumed.at(-1)], [false, true]);
  const [listed] = (await hub.admin("GET", "/api/v1/nodes")).json["nodes"] as { node_id: string }[];
  assert.equal((await hub.admin("POST", `/api/v1/nodes/${listed?.node_id}/revoke`)).status, 204);
  assert.equal((await send()).json["code"], "CREDENTIAL_REVOKED");
  assert.equal(peerCertificate({} as never, new X509Certificate(hub.read("hub/ca.pem"))), undefined);
});
