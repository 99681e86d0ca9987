import { X509Certificate } from "node:crypto";
import { Agent, type AgentOptions } from "node:https";
import type { Duplex } from "node:stream";
import { type ConnectionOptions, checkServerIdentity, connect, type PeerCertificate, type TLSSocket } from "node:tls";

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
  leaf: X509Certificate,
  caPem: string,
  nowMs: number,
): Obstacle | undefined {
  const ca = new X509Certificate(caPem);
  if (!leaf.checkIssued(ca) || !leaf.verify(ca.publicKey))
    return { code: "STRANGER", why: "the hub's CA did not sign it" };
  const unacceptable = (why: string): Obstacle => ({ code: "UNACCEPTABLE", why });
  if (leaf.ca || !(leaf.keyUsage ?? []).includes(serverAuth)) return unacceptable("it is not a server's");
  if (checkServerIdentity(host, leaf.toLegacyObject() as PeerCertificate) !== undefined)
    return unacceptable(`it does not name ${host}`);
  const early = leaf.validFromDate.getTime() - nowMs;
  const late = nowMs - leaf.validToDate.getTime();
  if (Math.max(early, late) <= clockSkewMsMax) return undefined;
  return unacceptable("its validity is more than a day away from this node's clock");
}

/** An agent whose connections are judged by `serverObstacle` alone, before a byte is sent. */
export class TolerantAgent extends Agent {
  readonly #ca: string;

  constructor(options: AgentOptions & { ca: string }) {
    super({ ...options, rejectUnauthorized: false });
    this.#ca = options.ca;
  }

  // The socket is given to `done` when it was judged, so none is returned: the agent waits for it.
  override createConnection(options: object, done?: (error: Error | null, stream: Duplex) => void): undefined {
    const given = done as ((error: Error | null, stream?: Duplex) => void) | undefined;
    this.#judged(options, (error, socket) => given?.(error, socket));
    return undefined;
  }

  #judged(options: ConnectionOptions, done: (error: Error | null, socket?: TLSSocket) => void): void {
    const socket = connect({ ...options, rejectUnauthorized: false });
    socket.once("error", done);
    socket.once("secureConnect", () => {
      const leaf = socket.getPeerX509Certificate();
      const host = options.servername || options.host || "";
      const none = { code: "UNACCEPTABLE", why: "there is none" } as const;
      const obstacle = leaf === undefined ? none : serverObstacle(host, leaf, this.#ca, Date.now());
      socket.removeListener("error", done);
      if (obstacle === undefined) return done(null, socket);
      const { code, why } = obstacle;
      const error = Object.assign(new Error(`the hub's certificate is not accepted: ${why}`), { code });
      socket.destroy();
      done(error);
    });
  }
}
