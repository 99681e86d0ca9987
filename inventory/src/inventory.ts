import { randomBytes } from "node:crypto";
import { readFileSync } from "node:fs";
import { setTimeout as wait } from "node:timers/promises";
import { follow, type KubeClient } from "@atalaya/kube";
import { Fault, inventoryKinds } from "@atalaya/wire/framing";
import { KindFollower } from "./kind-follower.ts";
import { kindPlans } from "./kinds.ts";
import { inventoryLimits } from "./limits.ts";
import { type Origin, Outbox } from "./outbox.ts";
import { PublisherLink } from "./publisher-link.ts";
import { StatusTeller } from "./status-teller.ts";
import { Turns } from "./turns.ts";

export type InventoryOptions = {
  client: KubeClient;
  /** The publisher's socket, and the file with the pod's token for the hub. */
  socket: string;
  tokenFile: string;
  node: string;
  cluster: string;
  /** All is listed again after so long; an hour by default. */
  relistMs?: number;
  say(line: string): void;
};

/** Lists and watches a cluster, and tells its hub through the node's publisher. Waits for either as long as it takes. */
export class Inventory {
  readonly #options: InventoryOptions;
  readonly #stop = new AbortController();
  readonly #link: PublisherLink;
  #followers: readonly KindFollower[] = [];
  #outbox: Outbox | undefined;
  readonly #running: Promise<void>;

  /** `ready` is called when every kind was listed once. Rejects of `ended` are our own bugs. */
  constructor(options: InventoryOptions, ready: (objects: number) => void) {
    this.#options = options;
    const { socket: path, tokenFile, say } = options;
    this.#link = new PublisherLink({ path, token: () => readToken(tokenFile), say });
    this.#running = this.#run(ready);
  }

  get ended(): Promise<void> {
    return this.#running;
  }

  /** Why not all of the cluster is told; undefined when it is. */
  get obstacle(): string | undefined {
    if (this.#link.obstacle !== undefined) return this.#link.obstacle;
    const missing = this.#followers.find(({ isComplete }) => !isComplete);
    if (this.#followers.length === 0) return "the API server has not answered yet";
    return missing === undefined ? undefined : `${missing.kind}: ${missing.figures.problem ?? "not yet listed"}`;
  }

  /** What was gathered is handed to the publisher, as far as it takes it at once. */
  async stop(): Promise<void> {
    this.#stop.abort();
    this.#outbox?.flush();
    this.#link.close();
    this.#options.client.close();
    await this.#running.catch(() => {});
  }

  async #run(ready: (objects: number) => void): Promise<void> {
    const { signal } = this.#stop;
    // Before it may send, nothing is read.
    await this.#link.room();
    const epochUs = await this.#serverClockUs(signal);
    if (signal.aborted) return;
    const { node, cluster, client, relistMs } = this.#options;
    const origin: Origin = { bootId: bootId(), layoutHash: randomBytes(8).toString("hex"), node, cluster, epochUs };
    const outbox = new Outbox(origin, this.#link);
    this.#outbox = outbox;
    const status = new StatusTeller(outbox);
    let wasReady = false;
    const told = () => {
      status.soon();
      if (wasReady || this.#followers.some((one) => !one.isComplete)) return;
      wasReady = true;
      ready(this.#followers.reduce((sum, { figures }) => sum + figures.listed, 0));
    };
    const parts = { outbox, turns: new Turns(), count: (name: string) => status.count(name), told };
    this.#followers = inventoryKinds.map((kind) => new KindFollower(kind, parts));
    status.start(this.#followers);
    const options = { signal, ...(relistMs !== undefined && { relistMs }) };
    try {
      await Promise.all(this.#followers.map((one) => follow(client, kindPlans[one.kind].collection, one, options)));
    } finally {
      status.stop();
    }
  }

  /** By which of two inventories the later one is known, whatever the clocks of their nodes. */
  async #serverClockUs(signal: AbortSignal): Promise<number> {
    let waitMs: number = inventoryLimits.reconnectFirstMs;
    while (!signal.aborted) {
      try {
        const answer = await this.#options.client.open({ path: "/version", signal });
        answer.resume();
        const ms = Date.parse(answer.headers.date ?? "");
        return (Number.isNaN(ms) ? Date.now() : ms) * 1_000;
      } catch (error) {
        if (signal.aborted) break;
        if (!(error instanceof Fault)) throw error;
        this.#options.say(error.message);
        await wait(waitMs, undefined, { signal }).catch(() => {});
        waitMs = Math.min(waitMs * 2, inventoryLimits.reconnectMostMs);
      }
    }
    return 0;
  }
}

/** Throws Fault KUBE_UNUSABLE that names the file. */
function readToken(path: string): string {
  try {
    return readFileSync(path, "utf8").trim();
  } catch (cause) {
    const code = (cause as NodeJS.ErrnoException).code ?? "unknown";
    throw new Fault("KUBE_UNUSABLE", `The token for the hub, ${path}, cannot be read (${code})`, { path, code }, cause);
  }
}

function bootId(): string {
  return readFileSync("/proc/sys/kernel/random/boot_id", "latin1").trim().replaceAll("-", "");
}
