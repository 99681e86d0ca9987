export const redacted = "[redacted]";

/**
 * Words that make the value beside them a secret. No two of them match at one place with different lengths: whoever
 * looks for a word finds at each place one end.
 */
export const secretWords =
  "passw(?:or)?d|passwd|passphrase|pwd|secret|token|credential|api[-_.]?key|access[-_.]?key|private[-_.]?key|client[-_.]?key|" +
  "account[-_.]?key|shared[-_.]?key|encryption[-_.]?key|signing[-_.]?key|authorization|cookie|connection[-_.]?string|" +
  "jwt|bearer|sas[-_.]?url|webhook[-_.]?url|dsn";
/** The longest of them, `connection-string`. */
export const secretWordCharsMax = 17;
const secretName = new RegExp(secretWords, "i");

/**
 * Names that hold such a word and no secret: references to one, places, switches, and what a record is decided by
 * (`authorization.k8s.io/decision`).
 */
const harmlessName =
  /(?:name|names|namespace|ref|refs|keyref|path|paths|file|mount|policy|type|kind|class|mode|expirationseconds|resources?)$|^(?:authorization|authentication|pod-security|validation|mutation|audit)\.(?:k8s|kubernetes)\.io\/(?!.*extra)|credential-id$|issued-credential-id$/i;

/** True when a value under this key, flag, variable or parameter is to be hidden. */
export function namesASecret(name: string): boolean {
  return name.length <= 256 && secretName.test(name) && !harmlessName.test(name);
}
