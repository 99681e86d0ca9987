import { createHash, createPrivateKey, X509Certificate } from "node:crypto";
import { chmodSync, mkdirSync, renameSync, rmSync } from "node:fs";
import { join } from "node:path";
import { readText, writeWhole } from "@atalaya/wire/files";
import { Fault } from "@atalaya/wire/framing";

// The identity folder, mode 0700:
//
//   key.pem             the key, made here; it never leaves (0600)
//   certificate.pem     the hub's certificate for it
//   ca.pem              the hub's CA
//   identity.json       who the certificate names, and when it came and ends
//   next-key.pem        a key that a certificate was asked for; the same one is shown again when the answer was lost
//   next.json           a certificate that came, until it and its key are in their places
//
// next.json is written whole, then the key is put in its place, then the certificate, then next.json goes. Killed
// anywhere in between, the next start finds next.json and finishes; before it, the old pair is untouched.

export type Names = { workspace: string; cluster: string; node: string };
export type IdentityFacts = Names & {
  expires_us: number;
  /** By this node's clock, when it came. */
  issued_us: number;
  /** SHA-256 of the enrolment token that was spent on it: it is not tried a second time. */
  spent: string | null;
  /** The service account whose token it was given for, where it was. */
  account?: string | undefined;
};
export type Identity = { key: string; certificate: string; ca: string; facts: IdentityFacts };
/** What an enrolment or a renewal brought. */
export type Issued = { certificate: string; ca: string; facts: IdentityFacts };

export class IdentityFiles {
  readonly #folder: string;

  /** Makes the folder. Throws Fault DATA_UNWRITABLE. */
  constructor(folder: string) {
    this.#folder = folder;
    try {
      mkdirSync(folder, { recursive: true, mode: 0o700 });
      chmodSync(folder, 0o700);
    } catch (cause) {
      const message = `The identity folder ${folder} cannot be used: make it writable, or name another with --identity.`;
      throw new Fault("DATA_UNWRITABLE", message, { folder }, cause);
    }
  }

  /** The identity, when it is whole: the certificate is the key's. */
  read(): Identity | undefined {
    try {
      this.#finish();
    } catch {
      // A disk that takes nothing: the old pair, or the new one half in place, is told below.
    }
    const [key, certificate, ca] = ["key.pem", "certificate.pem", "ca.pem"].map((name) => readText(this.#at(name)));
    const facts = factsOf(readText(this.#at("identity.json")));
    if (key === undefined || certificate === undefined || ca === undefined || facts === undefined) return undefined;
    return belongTogether(key, certificate) ? { key, certificate, ca, facts } : undefined;
  }

  /** The key to ask a certificate for; kept before it is shown to anyone. Throws what the disk throws. */
  nextKey(make: () => string): string {
    const kept = readText(this.#at("next-key.pem"));
    if (kept !== undefined && isKey(kept)) return kept;
    const key = make();
    writeWhole(this.#at("next-key.pem"), key);
    return key;
  }

  /** The certificate of `nextKey` came. Throws what the disk throws; then the old pair is still in its place. */
  take(issued: Issued): Identity {
    const key = readText(this.#at("next-key.pem")) ?? "";
    if (!belongTogether(key, issued.certificate)) throw new Error("the certificate is not for the key that asked");
    writeWhole(this.#at("next.json"), JSON.stringify(issued));
    this.#finish();
    return { key, ...issued };
  }

  #finish(): void {
    const next = readText(this.#at("next.json"));
    if (next === undefined) return;
    const issued = JSON.parse(next) as Issued;
    const key = readText(this.#at("next-key.pem"));
    if (key !== undefined && belongTogether(key, issued.certificate))
      renameSync(this.#at("next-key.pem"), this.#at("key.pem"));
    if (belongTogether(readText(this.#at("key.pem")) ?? "", issued.certificate)) {
      writeWhole(this.#at("ca.pem"), issued.ca, 0o644);
      writeWhole(this.#at("certificate.pem"), issued.certificate, 0o644);
      writeWhole(this.#at("identity.json"), `${JSON.stringify(issued.facts)}\n`, 0o644);
    }
    rmSync(this.#at("next.json"), { force: true });
  }

  #at(name: string): string {
    return join(this.#folder, name);
  }
}

export function sha256Hex(data: string | Uint8Array): string {
  return createHash("sha256").update(data).digest("hex");
}

function isKey(pem: string): boolean {
  try {
    return createPrivateKey(pem).asymmetricKeyType === "ec";
  } catch {
    return false;
  }
}

function belongTogether(key: string, certificate: string): boolean {
  try {
    return new X509Certificate(certificate).checkPrivateKey(createPrivateKey(key));
  } catch {
    return false;
  }
}

/** Our own file, whole or not there; a hand that edited it gets a new enrolment. */
function factsOf(text: string | undefined): IdentityFacts | undefined {
  try {
    const facts = JSON.parse(text ?? "") as IdentityFacts;
    const named = [facts.workspace, facts.cluster, facts.node].every((name) => typeof name === "string");
    return named && [facts.expires_us, facts.issued_us].every(Number.isFinite) ? facts : undefined;
  } catch {
    return undefined;
  }
}
