import { once } from "node:events";
import { createServer, type Server } from "node:http";

/** A webhook's other end on loopback: keeps what it was sent, answers with the statuses it was given, then 200. */
export class WebhookServer {
  readonly bodies: Record<string, unknown>[] = [];
  readonly answers: { status: number; location?: string }[] = [];
  readonly #server: Server;
  #wake = () => {};

  private constructor(server: Server) {
    this.#server = server;
    server.on("request", (request, reply) => {
      let text = "";
      request.on("data", (part) => {
        text += part;
      });
      request.on("end", () => {
        const { status, location } = this.answers.shift() ?? { status: 200 };
        reply.writeHead(status, location === undefined ? {} : { location }).end("the answer's body");
        this.bodies.push(JSON.parse(text));
        this.#wake();
      });
    });
  }

  static async start(): Promise<WebhookServer> {
    const server = createServer().listen(0, "127.0.0.1");
    await once(server, "listening");
    return new WebhookServer(server);
  }

  get url(): string {
    const address = this.#server.address();
    return `http://127.0.0.1:${typeof address === "object" && address !== null ? address.port : 0}/hook`;
  }

  /** Resolves when so many messages have arrived. */
  async received(count: number): Promise<Record<string, unknown>[]> {
    while (this.bodies.length < count) {
      await new Promise<void>((wake) => {
        this.#wake = wake;
      });
    }
    return this.bodies;
  }

  async stop(): Promise<void> {
    this.#server.closeAllConnections();
    this.#server.close();
    await once(this.#server, "close");
  }
}
