import { generateKeyPairSync, randomBytes, sign } from "node:crypto";

// A self-signed X.509 v3 certificate (RFC 5280) for the stand-in of the API server, made fresh for each run, so that no
// private key lies in the source. Clients of the simulation do not check it (curl -k), as the real tool's do not.
//
//   Certificate  ::= SEQUENCE { tbs, ecdsa-with-SHA256, BIT STRING }
//   tbs          ::= SEQUENCE { [0] version 2, serial, algorithm, issuer, validity, subject, public key }

/** A P-256 key and a certificate for `name`, valid from an hour ago for a day, both as PEM. */
export function selfSigned(name: string): { key: string; certificate: string } {
  const { publicKey, privateKey } = generateKeyPairSync("ec", { namedCurve: "P-256" });
  const ecdsaWithSha256 = der(0x30, Buffer.from("06082a8648ce3d040302", "hex"));
  const commonName = Buffer.concat([Buffer.from("0603550403", "hex"), der(0x0c, Buffer.from(name))]);
  const person = der(0x30, der(0x31, der(0x30, commonName)));
  const now = Date.now();
  const validity = der(0x30, Buffer.concat([time(now - 3_600_000), time(now + 86_400_000)]));
  const serial = der(0x02, Buffer.concat([Buffer.from([0x01]), randomBytes(8)]));
  const version = der(0xa0, Buffer.from("020102", "hex"));
  const spki = publicKey.export({ type: "spki", format: "der" });
  const tbs = der(0x30, Buffer.concat([version, serial, ecdsaWithSha256, person, validity, person, spki]));
  const signature = der(0x03, Buffer.concat([Buffer.from([0]), sign("sha256", tbs, privateKey)]));
  const certificate = der(0x30, Buffer.concat([tbs, ecdsaWithSha256, signature])).toString("base64");
  return {
    key: privateKey.export({ type: "pkcs8", format: "pem" }).toString(),
    certificate: `-----BEGIN CERTIFICATE-----\n${certificate.replace(/.{1,64}/g, "$&\n")}-----END CERTIFICATE-----\n`,
  };
}

/** One value in DER: tag, length (short, or long form up to 65,535 bytes), content. */
function der(tag: number, content: Buffer): Buffer {
  const size = content.length;
  const length = size < 128 ? [size] : size < 256 ? [0x81, size] : [0x82, size >> 8, size & 0xff];
  return Buffer.concat([Buffer.from([tag, ...length]), content]);
}

/** A UTCTime, YYMMDDHHMMSSZ. */
function time(ms: number): Buffer {
  const text = new Date(ms).toISOString().replace(/[-:T]/g, "").slice(2, 14);
  return der(0x17, Buffer.from(`${text}Z`));
}
