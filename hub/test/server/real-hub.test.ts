import assert from "node:assert/strict";
import { type ChildProcess, fork } from "node:child_process";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { Agent, request } from "node:https";
import { hostname, tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { fileURLToPath } from "node:url";
import {
  type Alert,
  type AlertSummary,
  alertPageSchema,
  alertSchema,
  alertSummarySchema,
  auditCredentialSchema,
  type PartMessage,
  statusSchema,
} from "@atalaya/wire";
import { HubClient } from "@atalaya/wire/client";
import { enrolNode } from "../enrol-node.ts";
import { execEvent, packed, processFrame } from "../frames.ts";

// The hub as it ships: its process, its database, its built-in packs, over HTTPS.

const main = fileURLToPath(new URL("../../src/main.ts", import.meta.url));
const sample = new URL("../../../detections/samples/cluster-admin-binding/fires-create.json", import.meta.url);
const brokenRule = "- rule: Broken\n  desc: x\n  condition: proc.name = = sh\n  output: x\n  priority: Warning\n";
let data = "";
let child: ChildProcess;
let url = "";

async function start(extra: string[] = []): Promise<PartMessage> {
  const args = ["--data", data, "--listen", "127.0.0.1:0", "--log-level", "error", ...extra];
  child = fork(main, args, { execArgv: ["--disable-warning=ExperimentalWarning"] });
  const [message] = (await once(child, "message")) as [PartMessage];
  if (message.type === "ready") url = message.url ?? "";
  return message;
}

const client = () => HubClient.fromFile(join(data, "client.json"));

async function post(
  path: string,
  body: Buffer,
  token: string | undefined,
  agent = new Agent({ ca: readFileSync(join(data, "hub", "ca.pem")) }),
): Promise<{ status: number; text: string }> {
  const headers = token === undefined ? {} : { authorization: `Bearer ${token}` };
  const sent = request(url + path, { method: "POST", headers, agent }).end(body);
  const [answer] = await once(sent, "response");
  let text = "";
  for await (const part of answer) text += part;
  agent.destroy();
  return { status: answer.statusCode, text };
}

/** Follows the stream from now on, until an alert fits. */
function nextAlert(fits: (alert: AlertSummary) => boolean): { open: Promise<void>; found: Promise<AlertSummary> } {
  const stop = new AbortController();
  const open = Promise.withResolvers<void>();
  const found = Promise.withResolvers<AlertSummary>();
  client()
    .follow(
      "alerts",
      {},
      (message) => {
        const alert = alertSummarySchema.safeParse(message.data);
        if (!alert.success || !fits(alert.data)) return;
        found.resolve(alert.data);
        stop.abort();
      },
      stop.signal,
      open.resolve,
    )
    .catch(found.reject);
  return { open: open.promise, found: found.promise };
}

before(async () => {
  data = await mkdtemp(join(tmpdir(), "atalaya-real-"));
  await writeFile(join(data, "broken.yaml"), brokenRule);
  const ready = await start(["--rules", join(data, "broken.yaml")]);
  assert.equal(ready.type, "ready", JSON.stringify(ready));
});
after(async () => {
  child.kill("SIGKILL");
  await rm(data, { recursive: true, force: true });
});

test("a web shell that a sensor sends is an alert on the stream, with its tree of reasons", async () => {
  const next = nextAlert((alert) => alert.source === "syscall");
  await next.open;
  const nowUs = Date.now() * 1000;
  const event = execEvent({
    ...{ time_us: nowUs, start_us: 5_000_000, exec_us: 5_000_100, pid: 4_242, ppid: 4_200, uid: 33, euid: 33 },
    ...{
      name: "sh",
      exe_path: "/usr/bin/dash",
      filename: "/bin/sh",
      argv: ["sh", "-c", "id; uname -a"],
      cwd: "/var/www",
    },
    ancestor_pids: [4_200],
    ancestor_starts_us: [1_000_000],
    ancestor_names: ["nginx"],
    ancestor_exe_paths: ["/usr/sbin/nginx"],
    ancestor_cmdlines: ["nginx: worker process"],
    container_id: "9c41e7d0a2f19c41e7d0a2f19c41e7d0a2f19c41e7d0a2f19c41e7d0a2f1beef",
    container_reason: "the bundle has no annotations",
  });
  const read = (name: string) => readFileSync(join(data, "hub", name), "utf8");
  const agent = await enrolNode(url, read("ca.pem"), read("local-enrolment.token"), hostname());
  const sent = await post("/v1/ingest", packed(processFrame([event])), undefined, agent);
  agent.destroy();
  assert.equal(sent.status, 200, sent.text);
  const summary = await next.found;
  const alert: Alert = await client().get(`/api/v1/alerts/${summary.alert_id}`, alertSchema);
  assert.equal(alert.title.en, "Possible Web Shell activity detected");
  assert.ok(alert.why.result);
  assert.ok(alert.process_tree.some((row) => row.subject && row.cmdline.includes("uname")));
});

test("an audit record that an API server posts is an alert too", async () => {
  const next = nextAlert((alert) => alert.source === "k8s_audit");
  await next.open;
  const made = await client().post("/api/v1/audit-credentials", { cluster: "shop-eu" }, auditCredentialSchema);
  const { records } = JSON.parse(readFileSync(sample, "utf8")) as { records: unknown[] };
  const list = { kind: "EventList", apiVersion: "audit.k8s.io/v1", metadata: {}, items: records };
  const sent = await post("/v1/audit/shop-eu", Buffer.from(JSON.stringify(list)), made.token ?? "");
  assert.equal(sent.status, 200, sent.text);
  assert.equal((await next.found).where.cluster, "shop-eu");
});

test("a broken rule file is named by line and column, and the others are loaded", async () => {
  const status = await client().get("/api/v1/status", statusSchema);
  const [problem] = status.rule_problems;
  assert.equal(problem?.file, join(data, "broken.yaml"));
  assert.equal(problem?.line, 3);
  assert.ok((problem?.column ?? 0) > 1);
  assert.ok(status.rules_enabled >= 17);
});

test("a second hub on the same folder is told so", async () => {
  const args = ["--data", data, "--listen", "127.0.0.1:0"];
  const second = fork(main, args, { execArgv: ["--disable-warning=ExperimentalWarning"] });
  const [message] = (await once(second, "message")) as [PartMessage];
  assert.ok(message.type === "failed");
  assert.equal(message.code, "DATA_UNWRITABLE");
  await once(second, "exit");
});

test("a hub that was killed comes back with its alerts, sessions and credentials, and tells no second password", async () => {
  const before = await client().get("/api/v1/alerts", alertPageSchema);
  child.kill("SIGKILL");
  await once(child, "exit");
  const ready = await start();
  assert.ok(ready.type === "ready");
  assert.equal(ready.firstPassword, undefined);
  const after = await client().get("/api/v1/alerts", alertPageSchema);
  assert.deepEqual(
    after.alerts.map((alert) => alert.alert_id),
    before.alerts.map((alert) => alert.alert_id),
  );
  assert.ok(after.alerts.length >= 2);
});

test("a test alert goes the whole way, and SIGTERM ends the hub in time", async () => {
  const alert = await client().post("/api/v1/test-alert", {}, alertSchema);
  assert.ok(alert.tags.includes("test"));
  const start = performance.now();
  child.kill("SIGTERM");
  const [code] = await once(child, "exit");
  assert.equal(code, 0);
  assert.ok(performance.now() - start < 3_000);
});
