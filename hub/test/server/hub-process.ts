import { type ChildProcess, fork } from "node:child_process";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { type Agent, request } from "node:https";
import { hostname, tmpdir } from "node:os";
import { join } from "node:path";
import type { TestContext } from "node:test";
import { fileURLToPath } from "node:url";
import { zstdCompressSync } from "node:zlib";
import type { PartMessage } from "@atalaya/wire";
import { HubClient } from "@atalaya/wire/client";
import { enrolNode } from "../enrol-node.ts";

const main = fileURLToPath(new URL("../../src/main.ts", import.meta.url));

export type Answer = { status: number; text: string; retryAfter: string | undefined; cookie: string | undefined };

/** A hub as it ships, in a process of its own, on a folder that goes with the test. */
export class HubProcess {
  readonly data: string;
  readonly #agents: Agent[] = [];
  child: ChildProcess | undefined;
  url = "";
  password = "";

  constructor(data: string) {
    this.data = data;
  }

  static async start(t: TestContext, args: string[] = [], data?: string): Promise<HubProcess> {
    const hub = new HubProcess(data ?? (await mkdtemp(join(tmpdir(), "atalaya-hub-process-"))));
    t.after(async () => {
      hub.child?.kill("SIGKILL");
      for (const agent of hub.#agents) agent.destroy();
      if (data === undefined) await rm(hub.data, { recursive: true, force: true });
    });
    await hub.start(args);
    return hub;
  }

  /** Throws what the hub says when it does not start. */
  async start(args: string[] = []): Promise<void> {
    const all = ["--data", this.data, "--listen", "127.0.0.1:0", "--log-level", "error", ...args];
    const child = fork(main, all, { execArgv: ["--disable-warning=ExperimentalWarning"] });
    this.child = child;
    const ended = once(child, "exit").then(([code, signal]) => {
      throw new Error(`the hub ended before it was ready: ${signal ?? code}`);
    });
    const [message] = (await Promise.race([once(child, "message"), ended])) as [PartMessage];
    ended.catch(() => {
      // It ends some time; this was about its start.
    });
    if (message.type !== "ready") throw new Error(JSON.stringify(message));
    this.url = message.url ?? "";
    this.password = message.firstPassword ?? this.password;
  }

  /** SIGKILL, or a signal that asks; resolves when the process is gone. */
  async stop(signal: NodeJS.Signals = "SIGKILL"): Promise<void> {
    const { child } = this;
    if (child === undefined || child.exitCode !== null) return;
    const gone = once(child, "exit");
    child.kill(signal);
    await gone;
  }

  client(): HubClient {
    return HubClient.fromFile(join(this.data, "client.json"));
  }

  /** Sends frames as a sensor of this machine does. */
  async ingest(frames: readonly Uint8Array[]): Promise<Answer> {
    return this.request("POST", "/v1/ingest", {}, zstdCompressSync(Buffer.concat(frames)));
  }

  /** Signs in with the password of the last start, and gives the cookie. */
  async signIn(): Promise<string> {
    const body = JSON.stringify({ user: "admin", password: this.password });
    const answer = await this.request("POST", "/api/v1/login", { "content-type": "application/json" }, body);
    if (answer.status !== 200 || answer.cookie === undefined) throw new Error(answer.text);
    return answer.cookie;
  }

  async request(
    method: string,
    path: string,
    headers: Record<string, string>,
    body: Buffer | string = "",
  ): Promise<Answer> {
    let agent = this.#agents[0];
    if (agent === undefined) {
      // One connection for all: it shows the certificate of this machine's own node, which people's routes do not mind.
      const read = (name: string) => readFileSync(join(this.data, "hub", name), "utf8");
      agent = await enrolNode(this.url, read("ca.pem"), read("local-enrolment.token"), hostname());
      this.#agents.push(agent);
    }
    const sent = request(this.url + path, { method, headers, agent }).end(body);
    const [answer] = await once(sent, "response");
    let text = "";
    for await (const part of answer) text += part;
    const cookie = answer.headers["set-cookie"]?.[0]?.split(";")[0];
    return { status: answer.statusCode, text, retryAfter: answer.headers["retry-after"], cookie };
  }
}
