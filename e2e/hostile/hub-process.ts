import { type ChildProcess, fork } from "node:child_process";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { Agent, type RequestOptions, request } from "node:https";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type ConnectionOptions, connect, type TLSSocket } from "node:tls";
import { fileURLToPath } from "node:url";
import { enrolmentTokenSchema, type PartMessage } from "@atalaya/wire";
import { HubClient } from "@atalaya/wire/client";
import { enrolNode } from "../../hub/test/enrol-node.ts";

const main = fileURLToPath(new URL("../../hub/src/main.ts", import.meta.url));
const sampleMs = 100;

export type Shown = { cert?: string; key?: string };

/** The hub as it ships, in a process whose memory is watched. */
export class HubProcess {
  readonly url: URL;
  readonly data: string;
  readonly ca: Buffer;
  readonly client: HubClient;
  readonly firstPassword: string;
  readonly #child: ChildProcess;
  readonly #watch: NodeJS.Timeout;
  readonly #errors: string[] = [];
  #agents: Agent[] = [];
  residentMax = 0;

  private constructor(child: ChildProcess, data: string, ready: PartMessage & { type: "ready" }) {
    this.#child = child;
    this.data = data;
    this.url = new URL(ready.url ?? "");
    this.firstPassword = ready.firstPassword ?? "";
    this.ca = readFileSync(join(data, "hub", "ca.pem"));
    this.client = HubClient.fromFile(join(data, "client.json"));
    child.stderr?.on("data", (part) => this.#errors.push(String(part).slice(0, 2_000)));
    this.#watch = setInterval(() => {
      this.residentMax = Math.max(this.residentMax, this.residentBytes());
    }, sampleMs);
  }

  static async start(): Promise<HubProcess> {
    const data = await mkdtemp(join(tmpdir(), "atalaya-hostile-"));
    const args = ["--data", data, "--listen", "127.0.0.1:0", "--log-level", "error"];
    const execArgv = process.execArgv.filter((flag) => flag.startsWith("--disable-warning"));
    const child = fork(main, args, { execArgv, stdio: ["ignore", "ignore", "pipe", "ipc"] });
    const [message] = (await once(child, "message")) as [PartMessage];
    if (message.type !== "ready") throw new Error(`the hub did not start: ${JSON.stringify(message)}`);
    return new HubProcess(child, data, message);
  }

  /** What it holds in memory now (VmRSS). */
  residentBytes(): number {
    try {
      const status = readFileSync(`/proc/${this.#child.pid}/status`, "utf8");
      return Number(/^VmRSS:\s+(\d+) kB$/m.exec(status)?.[1] ?? 0) * 1_024;
    } catch {
      return 0;
    }
  }

  /** True while the process that was started is the one that runs. */
  get alive(): boolean {
    return this.#child.exitCode === null && this.#child.signalCode === null;
  }

  /** What it wrote to standard error: nothing, at log level error, unless something was our own mistake. */
  get errors(): string {
    return this.#errors.join("");
  }

  agent(sockets: number, shown: Shown = {}): Agent {
    const agent = new Agent({ ca: this.ca, keepAlive: true, maxSockets: sockets, ...shown });
    this.#agents.push(agent);
    return agent;
  }

  /** What a node of this name shows of itself from now on: a certificate, and its key. */
  async enrol(node: string): Promise<Shown> {
    const { token } = await this.client.post("/api/v1/enrolment-tokens", { cluster: "x" }, enrolmentTokenSchema);
    const agent = await enrolNode(this.url.origin, this.ca.toString(), token ?? "", node);
    agent.destroy();
    const { cert, key } = agent.options as { cert: string; key: string };
    return { cert, key };
  }

  /** A TLS connection, its handshake done. */
  async connect(options: ConnectionOptions = {}): Promise<TLSSocket> {
    const { hostname: host, port } = this.url;
    const socket = connect({ host, port: Number(port), ca: this.ca, servername: "localhost", ...options });
    socket.on("error", () => {});
    await once(socket, "secureConnect");
    return socket;
  }

  /** The answer's status, code and body's start; status 0 where the connection ended without one. */
  send(path: string, body: Buffer, options: RequestOptions): Promise<{ status: number; text: string }> {
    const { hostname: host, port } = this.url;
    return new Promise((resolve) => {
      // The path as it is: URL would mend it.
      const sent = request({ method: "POST", host, port, path, servername: "localhost", ...options }, (answer) => {
        let text = "";
        if (answer.headers["content-type"] === "text/event-stream") answer.destroy();
        answer.on("data", (part) => {
          if (text.length < 4_096) text += part;
        });
        answer.on("close", () => resolve({ status: answer.statusCode ?? 0, text }));
        answer.on("error", () => {});
      });
      sent.on("error", () => resolve({ status: 0, text: "" }));
      sent.setTimeout(30_000, () => sent.destroy());
      sent.end(body);
    });
  }

  async stop(): Promise<void> {
    clearInterval(this.#watch);
    for (const agent of this.#agents) agent.destroy();
    this.#child.kill("SIGTERM");
    if (this.alive) await once(this.#child, "exit");
    await rm(this.data, { recursive: true, force: true });
  }
}
