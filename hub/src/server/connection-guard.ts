import type { Server } from "node:https";
import type { Socket } from "node:net";
import type { FastifyRequest } from "fastify";
import { networkOf } from "../auth/login-throttle.ts";
import type { HttpMetrics } from "./http-metrics.ts";
import { serverLimits } from "./limits.ts";

type Connection = { socket: Socket; network: string; credential: string | undefined };

/**
 * Keeps places for those who have a credential. A connection is a stranger's until a request on it has shown one;
 * strangers are bounded, and when they are too many the oldest of the network that has most of them is closed. Whoever
 * holds a thousand idle connections so loses them to the next, and a sensor, which shows its credential within
 * milliseconds, finds a place. The connections of one credential are bounded too.
 */
export class ConnectionGuard {
  readonly #metrics: HttpMetrics;
  readonly #connections = new Map<string, Connection>();
  /** Keys of connections by network, oldest first; and by credential. */
  readonly #strangers = new Map<string, Set<string>>();
  readonly #known = new Map<string, Set<string>>();
  #strangerCount = 0;

  constructor(server: Server, metrics: HttpMetrics) {
    this.#metrics = metrics;
    server.on("connection", (socket: Socket) => this.#arrive(socket));
    // The TLS socket takes the place of the one below it: to close it closes both.
    server.on("secureConnection", (socket) => {
      const connection = this.#connections.get(keyOf(socket));
      if (connection !== undefined) connection.socket = socket;
    });
  }

  /** The connection's request was authenticated by this credential. */
  prove(request: FastifyRequest, credential: string): void {
    const key = keyOf(request.socket);
    const connection = this.#connections.get(key);
    if (connection === undefined || connection.credential !== undefined) return;
    this.#forget(key, connection);
    connection.credential = credential;
    const own = setOf(this.#known, credential);
    if (own.size >= serverLimits.connectionsPerCredentialMax) this.#close(first(own), "credential");
    // Closing the last of a set removes the set.
    setOf(this.#known, credential).add(key);
  }

  #arrive(socket: Socket): void {
    if (this.#strangerCount >= serverLimits.strangersMax) this.#close(first(this.#busiest()), "strangers");
    const key = keyOf(socket);
    const connection: Connection = { socket, network: networkOf(socket.remoteAddress ?? ""), credential: undefined };
    this.#connections.set(key, connection);
    setOf(this.#strangers, connection.network).add(key);
    this.#strangerCount++;
    socket.once("close", () => {
      // The same port may be back already, as another connection.
      if (this.#connections.get(key) !== connection) return;
      this.#forget(key, connection);
      this.#connections.delete(key);
    });
  }

  #busiest(): Set<string> {
    let most = new Set<string>();
    for (const one of this.#strangers.values()) if (one.size > most.size) most = one;
    return most;
  }

  #close(key: string | undefined, reason: "strangers" | "credential"): void {
    const connection = key === undefined ? undefined : this.#connections.get(key);
    if (key === undefined || connection === undefined) return;
    this.#forget(key, connection);
    this.#connections.delete(key);
    this.#metrics.connectionsClosed.inc({ reason });
    connection.socket.destroy();
  }

  #forget(key: string, { network, credential }: Connection): void {
    const sets = credential === undefined ? this.#strangers : this.#known;
    const name = credential ?? network;
    const own = sets.get(name);
    if (own?.delete(key) !== true) return;
    if (credential === undefined) this.#strangerCount--;
    if (own.size === 0) sets.delete(name);
  }
}

/** No two live connections come from the same address and port. */
function keyOf(socket: Socket): string {
  return `${socket.remoteAddress} ${socket.remotePort}`;
}

function setOf(sets: Map<string, Set<string>>, name: string): Set<string> {
  const known = sets.get(name);
  if (known !== undefined) return known;
  const made = new Set<string>();
  sets.set(name, made);
  return made;
}

function first(set: Set<string>): string | undefined {
  const { done, value } = set.values().next();
  return done === true ? undefined : value;
}
