import { createServer, type Server, type Socket } from "node:net";
import { Fault } from "./faults.ts";
import { limits } from "./limits.ts";

/** Why a part is not ready; undefined when it is. */
export type Obstacle = () => string | undefined;

/**
 * Answers the kubelet's probes: 200 on /ready when there is no obstacle, else 503 with it; 200 on every other path, for
 * whoever can be answered is alive. Node's own HTTP server would do far more, and take memory for it; a probe by exec
 * would start a program in this pod's 60m each time.
 */
export class HealthServer {
  readonly #obstacle: Obstacle;
  readonly #server: Server;

  constructor(obstacle: Obstacle) {
    this.#obstacle = obstacle;
    this.#server = createServer((socket) => this.#accept(socket));
    this.#server.maxConnections = limits.probesMax;
  }

  /** On every address of the pod: gives the port. Throws Fault PORT_TAKEN. */
  listen(port: number): Promise<number> {
    return new Promise((resolve, reject) => {
      this.#server.once("error", (cause) =>
        reject(
          new Fault("PORT_TAKEN", `Port ${port} cannot be used: name another with --health-port.`, { port }, cause),
        ),
      );
      this.#server.listen(port, () => {
        const address = this.#server.address();
        resolve(typeof address === "object" && address !== null ? address.port : port);
      });
    });
  }

  close(): void {
    this.#server.close();
  }

  #accept(socket: Socket): void {
    let head = "";
    socket.setTimeout(limits.probeMs, () => socket.destroy());
    socket.on("error", () => socket.destroy());
    socket.on("data", (chunk: Buffer) => {
      head += chunk.toString("latin1");
      if (head.length > limits.probeBytesMax) socket.destroy();
      else if (head.includes("\r\n\r\n")) socket.end(this.#answer(head));
    });
  }

  #answer(head: string): string {
    const obstacle = head.startsWith("GET /ready ") ? this.#obstacle() : undefined;
    const status = obstacle === undefined ? "200 OK" : "503 Service Unavailable";
    const body = `${obstacle ?? "ok"}\n`;
    const length = Buffer.byteLength(body);
    return `HTTP/1.1 ${status}\r\ncontent-type: text/plain\r\ncontent-length: ${length}\r\nconnection: close\r\n\r\n${body}`;
  }
}
