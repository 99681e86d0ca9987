import { readFileSync } from "node:fs";
import type { Agent } from "node:https";
import { type AlertPage, alertPageSchema } from "@atalaya/wire";
import type { HubProcess } from "./hub-process.ts";

const sample = new URL("../../detections/samples/cluster-admin-binding/fires-create.json", import.meta.url);
const pauseMs = 400;
const patienceMs = 15_000;

/**
 * An API server among the hostile: every 400 ms it sends an attack of its own over a new connection, and sends it again,
 * as the hub asks, until it is taken. What is answered with 200 is committed with its alert.
 */
export class HonestSender {
  readonly #hub: HubProcess;
  readonly #token: string;
  readonly #agent: Agent;
  /** Milliseconds from the first try to the commit, for each attack. */
  readonly tookMs: number[] = [];
  readonly #names: string[] = [];
  #running = true;
  #done: Promise<void> = Promise.resolve();

  constructor(hub: HubProcess, token: string) {
    this.#hub = hub;
    this.#token = token;
    this.#agent = hub.agent(0);
    this.#agent.options.keepAlive = false;
  }

  start(): void {
    this.#done = this.#run();
  }

  async stop(): Promise<void> {
    this.#running = false;
    await this.#done;
  }

  async #run(): Promise<void> {
    const { records } = JSON.parse(readFileSync(sample, "utf8")) as { records: Record<string, unknown>[] };
    for (let i = 0; this.#running; i++) {
      const name = `honest-${i}`;
      const record = { ...records.at(-1), auditID: name, user: { username: `${name}@example.org` } };
      const started = performance.now();
      await this.#deliver(Buffer.from(JSON.stringify({ kind: "EventList", items: [record] })), started);
      this.tookMs.push(performance.now() - started);
      this.#names.push(`${name}@example.org`);
      await new Promise((done) => setTimeout(done, pauseMs));
    }
  }

  async #deliver(body: Buffer, started: number): Promise<void> {
    const headers = { authorization: `Bearer ${this.#token}`, "content-length": body.length };
    while (performance.now() - started < patienceMs) {
      const { status } = await this.#hub.send("/v1/audit/honest", body, { agent: this.#agent, headers });
      if (status === 200) return;
      await new Promise((done) => setTimeout(done, 250));
    }
  }

  /** The attacks that are no alert. */
  async missing(): Promise<string[]> {
    const texts: string[] = [];
    for (let cursor: string | undefined = ""; cursor !== undefined; ) {
      const query = new URLSearchParams({ limit: "200", ...(cursor === "" ? {} : { cursor }) });
      const page: AlertPage = await this.#hub.client.get(`/api/v1/alerts?${query}`, alertPageSchema);
      texts.push(JSON.stringify(page.alerts));
      cursor = page.next_cursor;
    }
    const all = texts.join("\n");
    return this.#names.filter((name) => !all.includes(name));
  }
}
