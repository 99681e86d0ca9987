import "reflect-metadata";
import { type NodeName, nodeUri } from "@atalaya/wire";
import {
  AuthorityKeyIdentifierExtension,
  BasicConstraintsExtension,
  ExtendedKeyUsage,
  ExtendedKeyUsageExtension,
  KeyUsageFlags,
  KeyUsagesExtension,
  Pkcs10CertificateRequest,
  type PublicKey,
  SubjectAlternativeNameExtension,
  X509Certificate,
  X509CertificateGenerator,
} from "@peculiar/x509";
import { enrolmentLimits } from "../enrolment/limits.ts";
import { keyHash } from "../enrolment/peer-certificate.ts";
import { algorithm, importKey, type KeyPair, pem, serial } from "./issue.ts";

// Loaded only when a node enrols or renews, as issue.ts is.

/** The public key of a request whose owner has shown that they hold the private one. */
export type RequestedKey = { publicKey: PublicKey; sha256: string };

/** Undefined for anything but a PKCS #10 request with an ECDSA P-256 key and a right signature. Its subject is not read. */
export async function readRequest(csrPem: string): Promise<RequestedKey | undefined> {
  try {
    const request = new Pkcs10CertificateRequest(csrPem);
    const { algorithm: of } = request.publicKey as PublicKey & { algorithm: { name: string; namedCurve?: string } };
    if (of.name !== algorithm.name || of.namedCurve !== algorithm.namedCurve) return undefined;
    if (!(await request.verify(crypto))) return undefined;
    return { publicKey: request.publicKey, sha256: keyHash(new Uint8Array(request.publicKey.rawData)) };
  } catch {
    return undefined;
  }
}

/** A certificate by which a node authenticates itself, and nothing else. */
export async function issueNode(
  authority: KeyPair,
  key: RequestedKey,
  name: NodeName,
  expiresUs: number,
): Promise<string> {
  const issuer = new X509Certificate(authority.certificate);
  const certificate = await X509CertificateGenerator.create(
    {
      serialNumber: serial(),
      subject: [{ O: ["Atalaya node"] }],
      issuer: issuer.subject,
      notBefore: new Date(Date.now() - enrolmentLimits.backdateMs),
      notAfter: new Date(expiresUs / 1000),
      signingAlgorithm: algorithm,
      publicKey: key.publicKey,
      signingKey: await importKey(authority.key),
      extensions: [
        new BasicConstraintsExtension(false, undefined, true),
        new KeyUsagesExtension(KeyUsageFlags.digitalSignature, true),
        new ExtendedKeyUsageExtension([ExtendedKeyUsage.clientAuth]),
        new SubjectAlternativeNameExtension([{ type: "url", value: nodeUri(name) }]),
        await AuthorityKeyIdentifierExtension.create(await issuer.publicKey.export(crypto), false, crypto),
      ],
    },
    crypto,
  );
  return pem(certificate);
}
