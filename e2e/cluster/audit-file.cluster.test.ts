import assert from "node:assert/strict";
import { existsSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { after, before, test } from "node:test";
import { setTimeout as pause } from "node:timers/promises";
import { type AlertSummary, alertPageSchema, alertSchema, type LedgerRow, ledgerPageSchema } from "@atalaya/wire";
import { PinPlace } from "../../collector/test/collector-process.ts";
import { until } from "../../simulator/src/until.ts";
import { auditLogOf } from "./audit-setup.ts";
import { type Cluster, startCluster } from "./cluster.ts";
import { type PartInCluster, startPartIn } from "./part-in-cluster.ts";
import { sleepingPod } from "./sleeping-pod.ts";
import { type StackInCluster, startStackIn } from "./stack-in-cluster.ts";

// The API server's own writer rotates the file here: at 1 MiB, and it keeps all, so that they can be compared with.
const audit = { logMaxSizeMb: 1, logMaxBackups: 0 };
const pins = new PinPlace();
let cluster: Cluster;
let stack: StackInCluster;
let logFile: string;
let collector: PartInCluster | undefined;
/** What the log had when the collector first saw it: that is not read. */
let bytesBefore = 0;

before(async () => {
  cluster = await startCluster({ name: process.env["ATALAYA_CLUSTER"] || "atalaya-audit-file", audit });
  logFile = auditLogOf(cluster.place, audit);
  const collectorArgs = ["--pin", pins.pin, "--audit-log", logFile];
  stack = await startStackIn(cluster, { sensor: true, collectorArgs });
  collector = stack.collector;
  const kept = join(stack.dataFolder, "state", "audit-log.json");
  await until("the audit log's place", () => existsSync(kept), 30_000);
  const { place } = JSON.parse(readFileSync(kept, "utf8")) as { place: { files: { end: number }[]; position: number } };
  bytesBefore = place.files.reduce((sum, file) => sum + file.end, 0) - place.position;
});
after(async () => {
  await collector?.stop();
  await stack?.stop();
  await cluster?.down();
  pins.remove();
});

/** Rotated files, oldest first, and the log. */
function logFiles(): string[] {
  const rotated = readdirSync(dirname(logFile)).filter((name) => /^audit-.*\.log$/.test(name));
  return [...rotated.sort().map((name) => join(dirname(logFile), name)), logFile];
}

/** Records that are to arrive: of what the API server wrote since the collector first saw the log. */
function recordsWritten(): number {
  const text = Buffer.concat(logFiles().map((name) => readFileSync(name)))
    .subarray(bytesBefore)
    .toString("utf8");
  const whole = text.slice(0, text.lastIndexOf("\n")).split("\n");
  const records = whole.map(
    (line) => JSON.parse(line) as { stage: string; verb: string; objectRef?: { subresource?: string } },
  );
  return records.filter(({ stage, verb, objectRef }) => {
    if (stage !== "ResponseStarted") return stage === "ResponseComplete" || stage === "Panic";
    return verb === "watch" || ["exec", "attach", "portforward", "proxy"].includes(objectRef?.subresource ?? "");
  }).length;
}

async function row(hop: LedgerRow["hop"]): Promise<LedgerRow | undefined> {
  const { nodes } = await stack.client.get("/api/v1/ledger", ledgerPageSchema);
  return nodes.flatMap((node) => node.rows).find((one) => one.hop === hop && one.class === "api");
}

async function killAndRestart(): Promise<void> {
  const old = collector;
  assert.ok(old !== undefined);
  const args = old.process.spawnargs.slice(5);
  assert.equal(args[0], "collector");
  old.process.kill("SIGKILL");
  collector = await startPartIn(cluster.place, args, old.logFile);
}

test("a privileged pod that somebody makes is told from the API server's log file, with who made it", async (t) => {
  const namespace = await cluster.namespace("file");
  const manifest = join(stack.dataFolder, "pod.json");
  writeFileSync(manifest, JSON.stringify(sleepingPod("root-of-the-node", { securityContext: { privileged: true } })));
  let found: AlertSummary | undefined;
  await cluster.mustKubectl(["-n", namespace, "create", "-f", manifest]);
  const startMs = performance.now();
  await until(
    "the alert",
    async () => {
      const { alerts } = await stack.client.get("/api/v1/alerts?limit=200", alertPageSchema);
      found = alerts.find(({ rule, where }) => rule === "Privileged Container" && where.namespace === namespace);
      return found !== undefined;
    },
    10_000,
  );
  t.diagnostic(`an alert ${Math.round(performance.now() - startMs)} ms after kubectl`);
  const alert = await stack.client.get(`/api/v1/alerts/${found?.alert_id}`, alertSchema);
  assert.equal(alert.where.cluster, stack.clusterName);
  assert.equal(alert.where.object_name, "root-of-the-node");
  assert.equal(alert.who.user, "admin");
});

/** Bodies are in the log: each role is some 12 KiB of it. */
async function writeRoles(namespace: string, round: number): Promise<void> {
  const items = Array.from({ length: 100 }, (_, n) => ({
    apiVersion: "rbac.authorization.k8s.io/v1",
    kind: "Role",
    metadata: { name: `role-${round}-${n}`, annotations: { padding: "x".repeat(6_000) } },
    rules: [],
  }));
  const list = join(stack.dataFolder, "roles.json");
  writeFileSync(list, JSON.stringify({ apiVersion: "v1", kind: "List", items }));
  await cluster.mustKubectl(["-n", namespace, "create", "-f", list], 60_000);
}

test("with the collector killed while the API server writes and rotates, no record is lost and none comes twice", async () => {
  const namespace = await cluster.namespace("killed");
  const filesBefore = logFiles().length;
  let writing = true;
  const writer = (async () => {
    for (let round = 0; writing; round++) await writeRoles(namespace, round);
  })();
  for (let kills = 0; kills < 2; kills++) {
    await pause(500 + Math.random() * 500);
    await killAndRestart();
  }
  writing = false;
  await writer;
  assert.ok(logFiles().length >= filesBefore + 2, "the log was rotated meanwhile");
  let counts = {};
  const allThere = async () => {
    const written = recordsWritten();
    const rows = [await row("collector"), await row("publisher"), await row("hub")];
    counts = { written, out: rows.map((one) => one?.out) };
    return rows.every((one) => one?.out === written);
  };
  await until("the same count in the files and at every hop", allThere, 60_000).catch((error: unknown) => {
    throw new Error(`${String(error)}: ${JSON.stringify(counts)}`);
  });
  assert.deepEqual((await row("hub"))?.left_out, [], "none came twice");
  for (const hop of ["collector", "publisher", "hub"] as const) {
    const { lost, difference } = (await row(hop)) ?? {};
    assert.deepEqual({ lost, difference }, { lost: [], difference: 0 });
  }
});
