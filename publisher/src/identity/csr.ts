import { createPrivateKey, createPublicKey, generateKeyPairSync, sign } from "node:crypto";

// A PKCS #10 request (RFC 2986) for an ECDSA P-256 key, in DER:
//
//   SEQUENCE { info, SEQUENCE { OID ecdsa-with-SHA256 }, BIT STRING signature of info }
//   info: SEQUENCE { INTEGER 0, subject, SubjectPublicKeyInfo, [0] {} }
//
// The hub reads the key and the signature and ignores the rest, so this is all there is. A library for certificates
// takes 150 ms of processor time to load, which at 60m stops the publisher for two and a half seconds twice a day.

const integerZero = Buffer.from([0x02, 0x01, 0x00]);
const noAttributes = Buffer.from([0xa0, 0x00]);
/** 1.2.840.10045.4.3.2 */
const ecdsaWithSha256 = Buffer.from("300a06082a8648ce3d040302", "hex");
/** CN=Atalaya node */
const subject = wrapped(0x30, wrapped(0x31, wrapped(0x30, Buffer.from("0603550403", "hex"), text("Atalaya node"))));

/** A new key, PEM (PKCS #8). */
export function newKey(): string {
  const { privateKey } = generateKeyPairSync("ec", { namedCurve: "P-256" });
  return privateKey.export({ type: "pkcs8", format: "pem" }).toString();
}

/** The request for a certificate of this key, PEM. */
export function certificateRequest(keyPem: string): string {
  const key = createPrivateKey(keyPem);
  const spki = createPublicKey(key).export({ type: "spki", format: "der" });
  const info = wrapped(0x30, integerZero, subject, spki, noAttributes);
  const signature = wrapped(0x03, Buffer.from([0]), sign("sha256", info, key));
  const base64 = wrapped(0x30, info, ecdsaWithSha256, signature).toString("base64");
  const lines = base64.replace(/(.{64})(?=.)/g, "$1\n");
  return `-----BEGIN CERTIFICATE REQUEST-----\n${lines}\n-----END CERTIFICATE REQUEST-----\n`;
}

function text(value: string): Buffer {
  return wrapped(0x0c, Buffer.from(value));
}

/** Tag, length (X.690, 8.1.3), contents. */
function wrapped(tag: number, ...parts: Buffer[]): Buffer {
  const contents = Buffer.concat(parts);
  const size = contents.length;
  const length = size < 128 ? [size] : size < 256 ? [0x81, size] : [0x82, size >> 8, size & 0xff];
  return Buffer.concat([Buffer.from([tag, ...length]), contents]);
}
