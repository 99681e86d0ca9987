import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import { Fault } from "@atalaya/wire";
import type { Expectation } from "../attack/scenario.ts";
import { limits } from "../limits.ts";
import { type AlertSource, type Arrival, ArrivalList, type Wanted } from "../report/arrival-list.ts";
import { readFalcoAlerts } from "./falco-alert.ts";
import type { Mapping } from "./mapping.ts";

/** Takes another product's alerts over HTTP (POST, any path), in Falco's shape, and scores them by a mapping. */
export class FalcoListener implements AlertSource {
  /** Where it listens: http://HOST:PORT/. */
  readonly url: string;
  /** What was posted and was no alert. */
  refused = 0;
  readonly #server: Server;
  readonly #mapping: Mapping;
  readonly #list = new ArrivalList();

  private constructor(server: Server, url: string, mapping: Mapping) {
    this.#server = server;
    this.url = url;
    this.#mapping = mapping;
    server.on("request", (request, response) => this.#answer(request, response));
    server.on("error", (error) => this.#list.fail(error));
  }

  /** Listens on `address` (HOST:PORT). Throws Fault USAGE for an address that is none, PORT_TAKEN where it can't be had. */
  static async open(address: string, mapping: Mapping): Promise<FalcoListener> {
    const { host, port } = readAddress(address);
    const server = createServer({ requestTimeout: 30_000, headersTimeout: 10_000 });
    await new Promise<void>((done, failed) => {
      const refuse = (cause: NodeJS.ErrnoException) =>
        failed(new Fault("PORT_TAKEN", `${address} cannot be listened on (${cause.code})`, { address }, cause));
      server.once("error", refuse);
      server.listen(port, host, () => {
        server.off("error", refuse);
        done();
      });
    });
    const bound = server.address();
    const boundPort = typeof bound === "object" && bound !== null ? bound.port : port;
    return new FalcoListener(server, `http://${host.includes(":") ? `[${host}]` : host}:${boundPort}/`, mapping);
  }

  get arrivals(): readonly Arrival[] {
    return this.#list.arrivals;
  }

  rulesFor({ alert }: Expectation): readonly string[] {
    return Object.hasOwn(this.#mapping.alerts, alert) ? (this.#mapping.alerts[alert] ?? []) : [];
  }

  wait(wanted: Wanted, deadlineUs: number, signal?: AbortSignal): Promise<Arrival | undefined> {
    return this.#list.wait(wanted, deadlineUs, signal);
  }

  async close(): Promise<void> {
    const closed = new Promise<void>((done) => this.#server.close(() => done()));
    this.#server.closeAllConnections();
    await closed;
  }

  #answer(request: IncomingMessage, response: ServerResponse): void {
    const arrivedUs = Date.now() * 1000;
    const parts: Buffer[] = [];
    let bytes = 0;
    request.on("data", (part: Buffer) => {
      bytes += part.length;
      if (bytes <= limits.postedBytesMax) parts.push(part);
    });
    request.on("error", () => {});
    request.on("end", () => {
      const body = bytes > limits.postedBytesMax ? undefined : Buffer.concat(parts).toString("utf8");
      const { status, text } = this.#take(request.method ?? "", body, arrivedUs);
      response.writeHead(status, { "content-type": "text/plain; charset=utf-8" });
      response.end(`${text}\n`);
    });
  }

  /** `body` is absent when it was too large. */
  #take(method: string, body: string | undefined, arrivedUs: number): { status: number; text: string } {
    if (method === "GET") return { status: 200, text: "POST alerts here, as Falco's http_output does" };
    if (method !== "POST") return { status: 405, text: "alerts come by POST" };
    if (body === undefined) {
      this.refused += 1;
      return { status: 413, text: "larger than 1 MiB" };
    }
    const { arrivals, refused } = readFalcoAlerts(body, arrivedUs);
    this.refused += refused;
    for (const arrival of arrivals) this.#list.add(arrival);
    if (arrivals.length === 0 && refused > 0) {
      return { status: 400, text: "no alert in Falco's shape: it needs `rule`" };
    }
    return { status: 200, text: `taken: ${arrivals.length}` };
  }
}

/** HOST:PORT, with brackets around an IPv6 address. */
export function readAddress(text: string): { host: string; port: number } {
  const match = /^(?:\[([0-9a-fA-F:.]+)\]|([^:[\]]+)):(\d{1,5})$/.exec(text);
  const host = match?.[1] ?? match?.[2];
  const port = Number(match?.[3]);
  if (host === undefined || !(port <= 65_535)) {
    throw new Fault(
      "USAGE",
      `--listen takes HOST:PORT, like 0.0.0.0:2801, not "${text}". See: atalaya simulate --help`,
    );
  }
  return { host, port };
}
