import { isIP, type Socket } from "node:net";
import { connect, type TLSSocket } from "node:tls";
import { openTunnel } from "@atalaya/wire/proxy";
import { type Answer, AnswerReader } from "./answer-reader.ts";
import { serverObstacle } from "./clock-tolerance.ts";

/** What the hub is trusted by, and what we show it. */
export type Trust = { ca: string; certificate?: string; key?: string };

/** Who judges the hub's certificate: OpenSSL; we, but for a day of clock; nobody (the first contact, by a hash). */
export type Judge = "openssl" | "us" | "nobody";

export type Call = {
  method: "GET" | "POST";
  path: string;
  body?: Buffer;
  headers?: Record<string, string>;
  timeoutMs: number;
};

/**
 * One connection to the hub, kept open, one request at a time. Node's own client does much more, and takes more than
 * twice the processor time for it (870 µs a request against 370 µs): at 60m and ten requests a second, that decides.
 */
export class HubConnection {
  readonly #url: URL;
  readonly #trust: Trust | undefined;
  readonly #judge: Judge;
  readonly #proxy: string | undefined;
  #socket: TLSSocket | undefined;
  #closed = false;

  constructor(url: string, trust: Trust | undefined, judge: Judge, proxy?: string) {
    this.#url = new URL(url);
    this.#trust = trust;
    this.#judge = judge;
    this.#proxy = proxy;
  }

  /** Throws what the connection threw. A kept connection that the hub closed meanwhile is made anew, once. */
  async call(call: Call): Promise<Answer> {
    const kept = this.#socket;
    try {
      return await this.#send(kept ?? (await this.#open(call.timeoutMs)), call);
    } catch (error) {
      const { sawAnswer, late } = error as { sawAnswer?: boolean; late?: boolean };
      if (kept === undefined || sawAnswer !== false || late === true || this.#closed) throw error;
      return await this.#send(await this.#open(call.timeoutMs), call);
    }
  }

  /** No new requests; the one that is on its way ends with an error. */
  close(): void {
    this.#closed = true;
    this.#socket?.destroy();
  }

  async #open(timeoutMs: number): Promise<TLSSocket> {
    if (this.#closed) throw new Error("stopped");
    const { hostname, port } = this.#url;
    const host = hostname.replace(/^\[|\]$/g, "");
    const { ca, certificate: cert, key } = this.#trust ?? {};
    const ours = cert === undefined || key === undefined ? {} : { cert, key };
    const named = isIP(host) === 0 ? { servername: host } : {};
    const hubPort = port === "" ? 443 : Number(port);
    const way =
      this.#proxy === undefined ? { host, port: hubPort } : { socket: await this.#tunnel(host, hubPort, timeoutMs) };
    const socket = connect({
      ...way,
      ...(ca === undefined ? {} : { ca }),
      ...ours,
      ...named,
      minVersion: "TLSv1.3",
      ALPNProtocols: ["http/1.1"],
      rejectUnauthorized: this.#judge === "openssl",
    });
    this.#socket = socket;
    socket.setNoDelay(true);
    socket.on("timeout", () => socket.destroy(Object.assign(new Error("no answer in time"), { late: true })));
    socket.once("close", () => {
      if (this.#socket === socket) this.#socket = undefined;
    });
    await new Promise<void>((resolve, reject) => {
      socket.once("secureConnect", resolve);
      socket.once("error", reject);
      socket.once("close", () => reject(new Error("the hub closed the connection")));
      socket.setTimeout(timeoutMs);
    });
    // From here on an error is told by the request that meets it.
    socket.on("error", () => {});
    if (this.#judge === "us") this.#judgeIt(socket, host, ca ?? "");
    return socket;
  }

  async #tunnel(host: string, port: number, timeoutMs: number): Promise<Socket> {
    const tunnel = await openTunnel(this.#proxy ?? "", host, port, timeoutMs);
    if (!this.#closed) return tunnel;
    tunnel.destroy();
    throw new Error("stopped");
  }

  #judgeIt(socket: TLSSocket, host: string, ca: string): void {
    const obstacle = serverObstacle(host, socket.getPeerX509Certificate(), ca, Date.now());
    if (obstacle === undefined) return;
    socket.destroy();
    const { code, why } = obstacle;
    throw Object.assign(new Error(`the hub's certificate is not accepted: ${why}`), { code });
  }

  #send(socket: TLSSocket, { method, path, body, headers, timeoutMs }: Call): Promise<Answer> {
    const fields = Object.entries({ host: this.#url.host, ...headers, "content-length": String(body?.length ?? 0) });
    const head = `${method} ${path} HTTP/1.1\r\n${fields.map(([name, value]) => `${name}: ${value}\r\n`).join("")}\r\n`;
    const reader = new AnswerReader();
    let saw = false;
    return new Promise((resolve, reject) => {
      const done = (error: Error | undefined, answer?: Answer) => {
        socket.off("data", read).off("error", failed).off("close", ended);
        socket.setTimeout(0);
        if (error !== undefined) reject(Object.assign(error, { sawAnswer: saw }));
        else if (answer !== undefined) resolve(answer);
      };
      const failed = (error: Error) => done(error);
      const ended = () => done(new Error("the hub closed the connection"));
      const read = (piece: Buffer) => {
        saw = true;
        try {
          const whole = reader.push(piece);
          if (whole === undefined) return;
          if (!whole.keepsOpen) this.#leave(socket);
          done(undefined, whole.answer);
        } catch (error) {
          socket.destroy();
          done(error as Error);
        }
      };
      socket.on("data", read).on("error", failed).on("close", ended);
      if (socket.destroyed) return ended();
      socket.setTimeout(timeoutMs);
      // One write, one TLS record more: less work than to cork two.
      socket.write(body === undefined ? head : Buffer.concat([Buffer.from(head), body]));
    });
  }

  #leave(socket: TLSSocket): void {
    if (this.#socket === socket) this.#socket = undefined;
    socket.end();
  }
}
