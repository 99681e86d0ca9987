import { readFileSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { Agent, request } from "node:https";
import { hostname, tmpdir } from "node:os";
import { join } from "node:path";
import { hashPassword } from "../src/auth/password.ts";
import { makeLogger } from "../src/server/logger.ts";
import { type HubOptions, readOptions } from "../src/server/options.ts";
import { type RunningHub, startHub } from "../src/server/start-hub.ts";
import { enrolNode } from "./enrol-node.ts";
import { InMemoryCore } from "./in-memory-core.ts";

export type Answer = {
  status: number;
  headers: Record<string, string | string[] | undefined>;
  text: string;
  /** The parsed body, where it is JSON; a test asks for its parts by name. */
  json: Record<string, unknown>;
};
type Call = { body?: unknown; raw?: Buffer; headers?: Record<string, string | undefined>; agent?: Agent };

export const localToken = "hub/local-enrolment.token";

/** A real hub over HTTPS on loopback, with a folder of its own and the core in memory. */
export class TestHub {
  readonly core: InMemoryCore;
  readonly hub: RunningHub;
  readonly data: string;
  readonly agent: Agent;
  readonly node = hostname();
  #sensor: Promise<Agent> | undefined;

  private constructor(core: InMemoryCore, hub: RunningHub, data: string) {
    this.core = core;
    this.hub = hub;
    this.data = data;
    this.agent = new Agent({ ca: this.read("hub/ca.pem"), keepAlive: true });
  }

  static async start(extra: string[] = [], core = new InMemoryCore(), folder?: string): Promise<TestHub> {
    const data = folder ?? (await mkdtemp(join(tmpdir(), "atalaya-hub-")));
    const options = readOptions(["--data", data, "--listen", "127.0.0.1:0", ...extra]) as HubOptions;
    const hub = await startHub(options, async () => core, makeLogger("silent"), "0.0.0-test");
    return new TestHub(core, hub, data);
  }

  async stop(): Promise<void> {
    this.agent.destroy();
    (await this.#sensor?.catch(() => undefined))?.destroy();
    await this.hub.close();
    await rm(this.data, { recursive: true, force: true });
  }

  read(name: string): string {
    return readFileSync(join(this.data, name), "utf8");
  }

  /** The local command line's token: role admin. */
  get adminToken(): string {
    return JSON.parse(this.read("client.json")).token;
  }

  /** A connection of this machine's own node: enrolled by the token that the hub wrote for it, once. */
  sensor(): Promise<Agent> {
    this.#sensor ??= enrolNode(this.hub.url, this.read("hub/ca.pem"), this.read(localToken), this.node);
    return this.#sensor;
  }

  async addAccount(user: string, password: string, role: "viewer" | "analyst" | "admin"): Promise<void> {
    await this.core.putAccount("default", { user, passwordHash: await hashPassword(password), role });
  }

  /** Signs in; gives the cookie as a browser sends it back. */
  async cookie(user: string, password: string): Promise<string> {
    const answer = await this.call("POST", "/api/v1/login", { body: { user, password } });
    const set = answer.headers["set-cookie"]?.[0] ?? "";
    return set.split(";")[0] ?? "";
  }

  call(method: string, path: string, call: Call = {}): Promise<Answer> {
    const body = call.raw ?? (call.body === undefined ? undefined : Buffer.from(JSON.stringify(call.body)));
    const headers: Record<string, string> = {};
    if (call.body !== undefined) headers["content-type"] = "application/json";
    for (const [name, value] of Object.entries(call.headers ?? {})) if (value !== undefined) headers[name] = value;
    return new Promise((done, failed) => {
      const sent = request(
        this.hub.url + path,
        { method, headers, agent: call.agent ?? this.agent, servername: "localhost" },
        (answer) => {
          const parts: Buffer[] = [];
          answer.on("data", (part: Buffer) => parts.push(part));
          answer.on("error", failed);
          answer.on("end", () => {
            const text = Buffer.concat(parts).toString("utf8");
            const isJson = answer.headers["content-type"]?.includes("json") ?? false;
            done({
              status: answer.statusCode ?? 0,
              headers: answer.headers,
              text,
              json: isJson ? JSON.parse(text) : {},
            });
          });
        },
      );
      sent.on("error", failed);
      sent.end(body);
    });
  }

  admin(method: string, path: string, body?: unknown): Promise<Answer> {
    return this.call(method, path, { body, headers: { authorization: `Bearer ${this.adminToken}` } });
  }
}
