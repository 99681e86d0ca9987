import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { alertSummarySchema, enrolmentTokenSchema, type PartMessage, statusSchema } from "@atalaya/wire";
import { HubClient } from "@atalaya/wire/client";
import { enrolNode } from "../test/enrol-node.ts";
import { BenchNode } from "./bench-node.ts";

// A hub in a process of its own, and fifty nodes that send to it over TLS with their certificates: first what fifty nodes
// send, then ten times that, then the same by nodes that do not wait for an answer and send each request again and again.

const main = fileURLToPath(new URL("../src/main.ts", import.meta.url));
const nodesMax = 50;
const attackEveryMs = 200;
const tickMs = 100;
/** More in both lanes of a node than the hub takes of one credential at one time. */
const stormCopies = 6;

export type LoadFigures = {
  offered: number;
  acknowledged: number;
  refused: number;
  failed: number;
  acknowledgedMs: number[];
  alertMs: number[];
  attacks: number;
};
export type FiftyNodes = {
  steady: LoadFigures;
  flood: LoadFigures;
  storm: LoadFigures;
  committed: number;
  ended: string[];
};
/** `enter` comes before the hub's command line: what puts it into its group. */
export type FiftyNodesWish = {
  enter: readonly string[];
  seconds: number;
  say(line: string): void;
  steady(is: "begins" | "ends"): void;
};

type Hub = { child: ChildProcess; url: string; data: string; client: HubClient; ended: string[] };

async function startHub(enter: readonly string[]): Promise<Hub> {
  const data = mkdtempSync(join(tmpdir(), "atalaya-fifty-"));
  const args = ["--data", data, "--listen", "127.0.0.1:0", "--log-level", "error", "--cluster", "bench"];
  const command = [...enter, process.execPath, "--disable-warning=ExperimentalWarning", main, ...args];
  const child = spawn(command[0] ?? "", command.slice(1), { stdio: ["ignore", "ignore", "inherit", "ipc"] });
  const ended: string[] = [];
  child.once("exit", (code, signal) => ended.push(`the hub ended: ${signal ?? code}`));
  const [message] = (await once(child, "message")) as [PartMessage];
  if (message.type !== "ready" || message.url === undefined) throw new Error(JSON.stringify(message));
  return { child, url: message.url, data, client: HubClient.fromFile(join(data, "client.json")), ended };
}

async function enrolled({ url, data, client }: Hub): Promise<BenchNode[]> {
  const ca = readFileSync(join(data, "hub", "ca.pem"), "utf8");
  const nodes: BenchNode[] = [];
  for (let i = 0; i < nodesMax; i++) {
    const wish = { cluster: "bench", valid_s: 600 };
    const { token } = await client.post("/api/v1/enrolment-tokens", wish, enrolmentTokenSchema);
    const name = `node-${i}`;
    nodes.push(new BenchNode(name, url, await enrolNode(url, ca, token ?? "", name)));
  }
  return nodes;
}

/** Offers so many events a second for so long, and an attack now and then, whose alert is waited for. */
async function load(nodes: readonly BenchNode[], perSecond: number, seconds: number, attacks: Attacks): Promise<void> {
  const started = performance.now();
  let offered = 0;
  let nextAttackMs = 0;
  for (let at = 0; at < seconds * 1_000; at = performance.now() - started) {
    const due = Math.floor((at / 1_000) * perSecond) - offered;
    offered += due;
    for (const [i, node] of nodes.entries()) {
      node.offer(Math.floor(due / nodes.length) + (i < due % nodes.length ? 1 : 0));
    }
    if (at >= nextAttackMs) {
      attacks.one(nodes[Math.floor(Math.random() * nodes.length)]);
      nextAttackMs += attackEveryMs;
    }
    await pause(tickMs);
  }
}

/** When each attack was made, and how long its alert took to be on the stream. */
class Attacks {
  readonly #made = new Map<string, number>();
  readonly #stop = new AbortController();
  tookMs: number[] = [];
  count = 0;

  async follow(client: HubClient): Promise<void> {
    const open = Promise.withResolvers<void>();
    const take = (data: unknown) => {
      const alert = alertSummarySchema.safeParse(data);
      const container = alert.success ? (alert.data.where.container_id ?? "") : "";
      const made = this.#made.get(container);
      if (made === undefined) return;
      this.#made.delete(container);
      this.tookMs.push(performance.now() - made);
    };
    client.follow("alerts", {}, ({ data }) => take(data), this.#stop.signal, open.resolve).catch(open.reject);
    await open.promise;
  }

  one(node: BenchNode | undefined): void {
    this.count += 1;
    const container = `${Date.now()}${this.count}`.slice(-12).padStart(12, "a").padEnd(64, "e");
    this.#made.set(container, performance.now());
    node?.attack(container);
  }

  async settled(): Promise<void> {
    for (let i = 0; i < 100 && this.#made.size > 0; i++) await pause(50);
  }

  end(): void {
    this.#stop.abort();
  }
}

function figures(nodes: readonly BenchNode[], attacks: Attacks): LoadFigures {
  const sum = (of: (node: BenchNode) => number) => nodes.reduce((n, node) => n + of(node), 0);
  return {
    offered: sum((node) => node.offered),
    acknowledged: sum((node) => node.figures.acknowledged),
    refused: sum((node) => node.figures.refused),
    failed: sum((node) => node.figures.failed),
    acknowledgedMs: nodes.flatMap((node) => node.figures.waitsMs.splice(0)),
    alertMs: attacks.tookMs.splice(0),
    attacks: attacks.count,
  };
}

/** Runs the three loads; resolves when everything that was offered is acknowledged. */
export async function benchFiftyNodes({ enter, seconds, say, steady: mark }: FiftyNodesWish): Promise<FiftyNodes> {
  const hub = await startHub(enter);
  const attacks = new Attacks();
  try {
    const nodes = await enrolled(hub);
    say(`${nodes.length} nodes are enrolled`);
    await attacks.follow(hub.client);
    for (const node of nodes) node.start();
    // The first requests pay for compilation.
    await load(nodes, 2_500, 5, attacks);
    await attacks.settled();
    figures(nodes, attacks);
    attacks.count = 0;
    mark("begins");
    await load(nodes, 2_500, seconds, attacks);
    await attacks.settled();
    const steady = figures(nodes, attacks);
    say(`2,500 events/s: ${steady.alertMs.length} alerts`);
    mark("ends");
    attacks.count = 0;
    await load(nodes, 25_000, seconds, attacks);
    await attacks.settled();
    const flood = figures(nodes, attacks);
    say(`25,000 events/s: ${flood.alertMs.length} alerts`);
    attacks.count = 0;
    for (const node of nodes) node.copies = stormCopies;
    await load(nodes, 25_000, seconds, attacks);
    say(`the same, each request ${stormCopies} times at once, was offered; what waits is still sent`);
    await Promise.all(nodes.map((node) => node.stop()));
    await attacks.settled();
    const storm = figures(nodes, attacks);
    const { events_total: committed } = await hub.client.get("/api/v1/status", statusSchema);
    return { steady, flood, storm, committed, ended: [...hub.ended] };
  } finally {
    attacks.end();
    hub.child.kill("SIGKILL");
    if (hub.child.exitCode === null && hub.child.signalCode === null) await once(hub.child, "exit");
    rmSync(hub.data, { recursive: true, force: true });
  }
}
