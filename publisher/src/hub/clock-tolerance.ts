import { X509Certificate } from "node:crypto";
import { checkServerIdentity, type PeerCertificate } from "node:tls";

// A node whose clock is wrong must still reach its hub: an alert with a wrong time is better than none. When OpenSSL
// refused the hub's certificate for its validity time and for nothing else, connections are made without OpenSSL's
// verdict and the certificate is judged here: signed by the pinned CA itself, made for servers, for this name, and
// valid within a day of our clock. So much is a certificate backdated for, and so old can a stolen key be at most.

export const clockSkewMsMax = 86_400_000;
const serverAuth = "1.3.6.1.5.5.7.3.1";

/** `STRANGER`: somebody else signed it. */
type Obstacle = { code: "STRANGER" | "UNACCEPTABLE"; why: string };

/** Why the hub's certificate is not accepted; undefined where it is. */
export function serverObstacle(
  host: string,
  leaf: X509Certificate | undefined,
  caPem: string,
  nowMs: number,
): Obstacle | undefined {
  const unacceptable = (why: string): Obstacle => ({ code: "UNACCEPTABLE", why });
  if (leaf === undefined) return unacceptable("there is none");
  const ca = new X509Certificate(caPem);
  if (!leaf.checkIssued(ca) || !leaf.verify(ca.publicKey))
    return { code: "STRANGER", why: "the hub's CA did not sign it" };
  if (leaf.ca || !(leaf.keyUsage ?? []).includes(serverAuth)) return unacceptable("it is not a server's");
  if (checkServerIdentity(host, leaf.toLegacyObject() as PeerCertificate) !== undefined)
    return unacceptable(`it does not name ${host}`);
  const early = leaf.validFromDate.getTime() - nowMs;
  const late = nowMs - leaf.validToDate.getTime();
  if (Math.max(early, late) <= clockSkewMsMax) return undefined;
  return unacceptable("its validity is more than a day away from this node's clock");
}
