import "reflect-metadata";
import { randomBytes } from "node:crypto";
import {
  AuthorityKeyIdentifierExtension,
  BasicConstraintsExtension,
  ExtendedKeyUsage,
  ExtendedKeyUsageExtension,
  KeyUsageFlags,
  KeyUsagesExtension,
  SubjectAlternativeNameExtension,
  SubjectKeyIdentifierExtension,
  X509Certificate,
  X509CertificateGenerator,
} from "@peculiar/x509";

// This module is loaded only when a certificate has to be made: the library costs 150 ms of start time.

/** A certificate and its key, both PEM. */
export type KeyPair = { certificate: string; key: string };

export const algorithm = { name: "ECDSA", namedCurve: "P-256", hash: "SHA-256" } as const;
/** Clocks differ: what was made just now is already valid on a machine that is an hour behind. */
const backdateMs = 3_600_000;

/** A certificate authority of our own (ECDSA P-256), good for `lifeMs`, that may sign servers and nothing below it. */
export async function issueAuthority(name: string, lifeMs: number): Promise<KeyPair> {
  const keys = await newKeys();
  const certificate = await X509CertificateGenerator.createSelfSigned(
    {
      serialNumber: serial(),
      name: [{ CN: [name] }],
      notBefore: new Date(Date.now() - backdateMs),
      notAfter: new Date(Date.now() + lifeMs),
      signingAlgorithm: algorithm,
      keys,
      extensions: [
        new BasicConstraintsExtension(true, 0, true),
        new KeyUsagesExtension(KeyUsageFlags.keyCertSign | KeyUsageFlags.cRLSign, true),
        await SubjectKeyIdentifierExtension.create(keys.publicKey, false, crypto),
      ],
    },
    crypto,
  );
  return { certificate: pem(certificate), key: await keyPem(keys.privateKey) };
}

/** A server certificate for `names` (DNS names and addresses), signed by `authority`. */
export async function issueServer(authority: KeyPair, names: readonly string[], lifeMs: number): Promise<KeyPair> {
  const keys = await newKeys();
  const issuer = new X509Certificate(authority.certificate);
  const certificate = await X509CertificateGenerator.create(
    {
      serialNumber: serial(),
      subject: [{ CN: ["Atalaya hub"] }],
      issuer: issuer.subject,
      notBefore: new Date(Date.now() - backdateMs),
      notAfter: new Date(Math.min(Date.now() + lifeMs, issuer.notAfter.getTime())),
      signingAlgorithm: algorithm,
      publicKey: keys.publicKey,
      signingKey: await importKey(authority.key),
      extensions: [
        new BasicConstraintsExtension(false, undefined, true),
        new KeyUsagesExtension(KeyUsageFlags.digitalSignature, true),
        new ExtendedKeyUsageExtension([ExtendedKeyUsage.serverAuth]),
        new SubjectAlternativeNameExtension(
          names.map((value) => ({ type: isAddress(value) ? ("ip" as const) : ("dns" as const), value })),
        ),
        await SubjectKeyIdentifierExtension.create(keys.publicKey, false, crypto),
        await AuthorityKeyIdentifierExtension.create(await issuer.publicKey.export(crypto), false, crypto),
      ],
    },
    crypto,
  );
  return { certificate: pem(certificate), key: await keyPem(keys.privateKey) };
}

function isAddress(name: string): boolean {
  return name.includes(":") || /^[0-9.]+$/.test(name);
}

async function newKeys() {
  return await crypto.subtle.generateKey(algorithm, true, ["sign", "verify"]);
}

/** A positive number of 127 bits (RFC 5280, 4.1.2.2, asks for positive and at most 20 bytes). */
export function serial(): string {
  const bytes = randomBytes(16);
  bytes[0] = ((bytes[0] ?? 0) & 0x7f) | 0x40;
  return bytes.toString("hex");
}

export function pem(certificate: X509Certificate): string {
  return `${certificate.toString("pem")}\n`;
}

async function keyPem(key: CryptoKey): Promise<string> {
  const base64 = Buffer.from(await crypto.subtle.exportKey("pkcs8", key)).toString("base64");
  return `-----BEGIN PRIVATE KEY-----\n${base64.replace(/(.{64})(?=.)/g, "$1\n")}\n-----END PRIVATE KEY-----\n`;
}

export async function importKey(text: string): Promise<CryptoKey> {
  const der = Buffer.from(text.replace(/-----[A-Z ]+-----|\s/g, ""), "base64");
  return await crypto.subtle.importKey("pkcs8", der, algorithm, false, ["sign"]);
}
