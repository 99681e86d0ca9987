import { createHash, randomBytes, randomInt } from "node:crypto";

/** A new secret of 256 bits; the prefix tells secret scanners and people what leaked. */
export function newSecret(prefix: "atls" | "atlt" | "atlp" | "atla"): string {
  return `${prefix}_${randomBytes(32).toString("base64url")}`;
}

/** How secrets are stored and looked up. They are random and long, so a plain hash is enough (no salt, no stretching). */
export function secretHash(secret: string): string {
  return createHash("sha256").update(secret).digest("hex");
}

// Letters and digits that are hard to take for one another when typed from a screen.
const alphabet = "abcdefghijkmnpqrstuvwxyz23456789";

/** A password to be typed: 4 groups of 5 of 32 characters, 100 bits. */
export function newPassword(): string {
  const group = () => Array.from({ length: 5 }, () => alphabet[randomInt(alphabet.length)]).join("");
  return Array.from({ length: 4 }, group).join("-");
}
