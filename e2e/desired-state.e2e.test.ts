// What the hub wants of a node reaches it: the hub, the publisher and the collector that ship, over TLS and the socket.
import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import {
  type DesiredState,
  enrolledNodeSchema,
  ledgerPageSchema,
  ruleSchema,
  type Sensor,
  sensorSchema,
} from "@atalaya/wire";
import * as z from "zod";
import { skipUnless } from "../tools/testing/needs.ts";
import { type Stack, startStack } from "./stack.ts";

const skip = skipUnless("kernel");
const promiseMs = 5_000;
// Reading every so often, and a report that comes once a second.
const looksMs = 200;
const reportMs = 1_500;
let stack: Stack;
before(async () => {
  if (skip === false) stack = await startStack();
});
after(() => stack?.stop());

async function sensor(): Promise<Sensor | undefined> {
  const { sensors } = await stack.client.get("/api/v1/sensors", z.object({ sensors: z.array(sensorSchema) }));
  return sensors[0];
}

/** Looks until it holds; gives after how long. */
async function until(what: string, patienceMs: number, holds: () => Promise<boolean>): Promise<number> {
  const startMs = performance.now();
  for (;;) {
    if (await holds()) return performance.now() - startMs;
    assert.ok(performance.now() - startMs < patienceMs, `${what}: not within ${patienceMs} ms`);
    await sleep(looksMs);
  }
}

/** The state that the publisher keeps on disk. */
function keptState(): DesiredState | undefined {
  const name = readdirSync(stack.dataFolder, { recursive: true, encoding: "utf8" }).find((one) =>
    one.endsWith("state.json"),
  );
  if (name === undefined) return undefined;
  const { state } = JSON.parse(readFileSync(join(stack.dataFolder, name), "utf8")) as { state: string };
  return JSON.parse(state) as DesiredState;
}

test("the switch of a rule is in force at the kernel's side within five seconds", { skip }, async () => {
  const inForce = async () => (await sensor())?.report?.state_version ?? 0;
  await until("the first state", 30_000, async () => (await inForce()) > 0);
  const before = await inForce();
  await stack.client.put("/api/v1/rules/Preload%20File%20Access/enabled", { enabled: false }, ruleSchema);
  const ms = await until("the rule's switch", promiseMs + reportMs, async () => (await inForce()) > before);
  process.stdout.write(`# a rule's switch was in force, and told of, after ${Math.round(ms)} ms\n`);
});

test("the account of this machine balances but for what moves, and says so", { skip }, async () => {
  await until("an account of all hops", 30_000, async () => {
    const { nodes } = await stack.client.get("/api/v1/ledger", ledgerPageSchema);
    const [node] = nodes;
    const hops = new Set(node?.rows.map(({ hop }) => hop));
    return hops.size === 4 && (node?.balanced === true || node?.moving === true);
  });
});

test("a revocation reaches the node within five seconds", { skip }, async () => {
  const { nodes } = await stack.client.get("/api/v1/nodes", z.object({ nodes: z.array(enrolledNodeSchema) }));
  assert.equal(nodes.length, 1);
  await stack.client.postText(`/api/v1/nodes/${nodes[0]?.node_id}/revoke`, undefined);
  const ms = await until("the revocation", promiseMs, async () => keptState()?.revoked === true);
  process.stdout.write(`# a revocation was known to the node after ${Math.round(ms)} ms\n`);
});
