// The hub's certificates, for tests: a CA of its own that signs the hub and, from a node's request, the node.
import "reflect-metadata";
import { createHash, randomBytes } from "node:crypto";
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { enrolmentTokenText, type NodeName, nodeUri } from "@atalaya/wire";
import {
  BasicConstraintsExtension,
  ExtendedKeyUsage,
  ExtendedKeyUsageExtension,
  type Extension,
  KeyUsageFlags,
  KeyUsagesExtension,
  Pkcs10CertificateRequest,
  type PublicKey,
  SubjectAlternativeNameExtension,
  type X509Certificate,
  X509CertificateGenerator,
} from "@peculiar/x509";
import { certificateRequest, newKey } from "../src/identity/csr.ts";
import type { IdentityFacts } from "../src/identity/identity-files.ts";

const algorithm = { name: "ECDSA", namedCurve: "P-256", hash: "SHA-256" } as const;
const day = 86_400_000;
export type Life = { fromMs?: number; untilMs?: number };
export const names: NodeName = { workspace: "main", cluster: "c", node: "n" };

export class Authority {
  readonly pem: string;
  readonly keyPem: string;
  readonly #certificate: X509Certificate;
  readonly #keys: CryptoKeyPair;

  private constructor(certificate: X509Certificate, keys: CryptoKeyPair, keyPem: string) {
    this.#certificate = certificate;
    this.#keys = keys;
    this.pem = `${certificate.toString("pem")}\n`;
    this.keyPem = keyPem;
  }

  static async make(): Promise<Authority> {
    const keys = await crypto.subtle.generateKey(algorithm, true, ["sign", "verify"]);
    const certificate = await X509CertificateGenerator.createSelfSigned({
      serialNumber: "01",
      name: "CN=test CA",
      notBefore: new Date(Date.now() - 30 * day),
      notAfter: new Date(Date.now() + 30 * day),
      signingAlgorithm: algorithm,
      keys,
      extensions: [
        new BasicConstraintsExtension(true, 0, true),
        new KeyUsagesExtension(KeyUsageFlags.keyCertSign | KeyUsageFlags.cRLSign, true),
      ],
    });
    const der = Buffer.from(await crypto.subtle.exportKey("pkcs8", keys.privateKey)).toString("base64");
    return new Authority(certificate, keys, `-----BEGIN PRIVATE KEY-----\n${der}\n-----END PRIVATE KEY-----\n`);
  }

  get sha256(): string {
    return createHash("sha256").update(Buffer.from(this.#certificate.rawData)).digest("hex");
  }

  token(secret: string = randomBytes(32).toString("base64url")): string {
    return enrolmentTokenText({ id: randomBytes(9).toString("base64url"), secret, caSha256: this.sha256 });
  }

  /** A server's certificate and key for loopback names. */
  async server(life: Life = {}): Promise<{ cert: string; key: string }> {
    const key = newKey();
    const extensions = [
      new ExtendedKeyUsageExtension([ExtendedKeyUsage.serverAuth]),
      new SubjectAlternativeNameExtension([
        { type: "ip", value: "127.0.0.1" },
        { type: "dns", value: "localhost" },
      ]),
    ];
    return { cert: await this.#sign(await requested(certificateRequest(key)), extensions, life), key };
  }

  /** A node's certificate from its request, whose signature is checked. */
  async node(csr: string, of: NodeName = names, life: Life = {}): Promise<string> {
    const extensions = [
      new ExtendedKeyUsageExtension([ExtendedKeyUsage.clientAuth]),
      new SubjectAlternativeNameExtension([{ type: "url", value: nodeUri(of) }]),
    ];
    return this.#sign(await requested(csr), extensions, { fromMs: Date.now() - day, ...life });
  }

  /** An identity folder as an enrolment leaves it. */
  async enrol(folder: string, of: NodeName = names, life: Life = {}): Promise<string> {
    mkdirSync(folder, { recursive: true, mode: 0o700 });
    const key = newKey();
    const certificate = await this.node(certificateRequest(key), of, life);
    const untilMs = life.untilMs ?? Date.now() + day;
    const facts: IdentityFacts = {
      ...of,
      expires_us: untilMs * 1_000,
      issued_us: (life.fromMs ?? Date.now()) * 1_000,
      spent: null,
    };
    const put = (name: string, text: string) => writeFileSync(join(folder, name), text, { mode: 0o600 });
    put("key.pem", key);
    put("certificate.pem", certificate);
    put("ca.pem", this.pem);
    put("identity.json", JSON.stringify(facts));
    return folder;
  }

  async #sign(publicKey: PublicKey, extensions: Extension[], { fromMs, untilMs }: Life): Promise<string> {
    const certificate = await X509CertificateGenerator.create({
      serialNumber: `40${randomBytes(15).toString("hex")}`,
      subject: "CN=test",
      issuer: this.#certificate.subject,
      notBefore: new Date(fromMs ?? Date.now() - 3_600_000),
      notAfter: new Date(untilMs ?? Date.now() + day),
      signingAlgorithm: algorithm,
      publicKey,
      signingKey: this.#keys.privateKey,
      extensions: [new BasicConstraintsExtension(false, undefined, true), ...extensions],
    });
    return `${certificate.toString("pem")}\n`;
  }
}

async function requested(csr: string): Promise<PublicKey> {
  const request = new Pkcs10CertificateRequest(csr);
  if (!(await request.verify())) throw new Error("the request is not signed by its key");
  return request.publicKey;
}
