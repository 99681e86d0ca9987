import assert from "node:assert/strict";
import { mkdirSync } from "node:fs";
import { mkdtemp, readFile, rm, stat } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, test } from "node:test";
import { setImmediate } from "node:timers/promises";
import type { Alert, Notification } from "@atalaya/wire";
import { Notifier } from "../../src/notify/notifier.ts";
import { HttpMetrics } from "../../src/server/http-metrics.ts";
import { makeLogger } from "../../src/server/logger.ts";
import { exampleAlert, InMemoryCore } from "../in-memory-core.ts";
import { WebhookServer } from "./webhook-server.ts";

let data = "";
let core: InMemoryCore;
let hook: WebhookServer;
let notifier: Notifier;
let metrics: HttpMetrics;
const lines: string[] = [];

function makeNotifier(): Notifier {
  metrics = new HttpMetrics();
  const parts = { core, metrics, logger: makeLogger("silent"), dataFolder: data, url: "https://hub.test:8443" };
  return new Notifier({ ...parts, printLine: (line) => lines.push(line) });
}

beforeEach(async () => {
  data = await mkdtemp(join(tmpdir(), "atalaya-notify-"));
  mkdirSync(join(data, "hub"));
  core = new InMemoryCore();
  hook = await WebhookServer.start();
  lines.length = 0;
  set({ enabled: true, url: hook.url });
  notifier = makeNotifier();
  await notifier.start();
});
afterEach(async () => {
  await notifier.close();
  await hook.stop();
  await rm(data, { recursive: true, force: true });
});

function set(change: Partial<Notification>): void {
  core.setting = { ...core.setting, ...change };
}

const commit = (alert_id: string, change: Partial<Alert> = {}) => core.commit(exampleAlert({ alert_id, ...change }));
const idOf = (body: Record<string, unknown> | undefined) => (body?.["alert"] as Alert | undefined)?.alert_id;

test("a new alert is told once; repeats, comments and other changes are not", async () => {
  commit("one");
  commit("one", { count: 2 });
  commit("one", { status: "acknowledged" });
  commit("two");
  const bodies = await hook.received(2);
  assert.deepEqual(bodies.map(idOf), ["one", "two"]);
  assert.partialDeepStrictEqual(bodies[0], { type: "alert", link: "https://hub.test:8443/alerts/one" });
});

test("less severe alerts than wanted and muted ones are left out, a test alert never", async () => {
  set({ min_severity: "high" });
  commit("low", { severity: "low" });
  commit("muted", { muted: true });
  commit("test", { severity: "informational", tags: ["test"] });
  commit("critical", { severity: "critical" });
  const bodies = await hook.received(2);
  assert.deepEqual(bodies.map(idOf), ["test", "critical"]);
});

test("an answer that is passing is tried again, and the message arrives", async () => {
  hook.answers.push({ status: 503 }, { status: 429 });
  commit("one");
  const bodies = await hook.received(3);
  assert.deepEqual(bodies.map(idOf), ["one", "one", "one"]);
  const text = await metrics.registry.metrics();
  assert.match(text, /atalaya_notifications_total\{way="webhook",outcome="retried"\} 2/);
});

test("a refusal is counted and not tried again; a redirect is a refusal and is not followed", async () => {
  hook.answers.push({ status: 404 }, { status: 302, location: hook.url });
  commit("one");
  commit("two");
  commit("three");
  const bodies = await hook.received(3);
  assert.deepEqual(bodies.map(idOf), ["one", "two", "three"]);
  assert.match(await metrics.registry.metrics(), /outcome="refused"\} 2/);
});

test("what was not delivered before a stop is told after the next start, and what was is not told again", async () => {
  const { alert } = commit("delivered");
  await hook.received(1);
  while (!(await metrics.registry.metrics()).includes('outcome="delivered"} 1')) await setImmediate();
  await notifier.close();
  commit("while stopped");
  commit("delivered", { count: 5, committed_us: alert.committed_us });
  notifier = makeNotifier();
  await notifier.start();
  commit("after");
  const bodies = await hook.received(3);
  assert.deepEqual(bodies.map(idOf), ["delivered", "while stopped", "after"]);
});

test("what waits for a webhook that is down survives a stop", async () => {
  hook.answers.push({ status: 503 });
  commit("waiting");
  await hook.received(1);
  await notifier.close();
  notifier = makeNotifier();
  await notifier.start();
  const bodies = await hook.received(2);
  assert.deepEqual(bodies.map(idOf), ["waiting", "waiting"]);
});

test("Falco's lines go to standard output and to a file that only its owner reads", async () => {
  set({ enabled: false, stdout: true, file: "alerts.jsonl" });
  commit("one");
  await notifier.close();
  assert.equal(lines.length, 1);
  const file = join(data, "out", "alerts.jsonl");
  assert.equal(await readFile(file, "utf8"), `${lines[0]}\n`);
  assert.equal((await stat(file)).mode & 0o777, 0o600);
  assert.partialDeepStrictEqual(JSON.parse(lines[0] ?? ""), {
    rule: "web_shell",
    priority: "Warning",
    source: "syscall",
  });
});

test("a changed setting holds for the next message", async () => {
  commit("one");
  await hook.received(1);
  set({ shape: "falco" });
  notifier.changed("default");
  commit("two");
  const bodies = await hook.received(2);
  assert.equal(bodies[1]?.["rule"], "web_shell");
});

test("the test button sends at once and says what became of it", async () => {
  assert.deepEqual(await notifier.test("default"), { ok: true, detail: "The webhook answered with status 200" });
  assert.equal(idOf(hook.bodies[0]), "test");
  hook.answers.push({ status: 500 });
  assert.deepEqual(await notifier.test("default"), { ok: false, detail: "The webhook answered with status 500" });
  set({ url: "http://127.0.0.1:1/" });
  const gone = await notifier.test("default");
  assert.equal(gone.ok, false);
  assert.match(gone.detail, /could not be reached \(ECONNREFUSED\)/);
  set({ url: "" });
  assert.deepEqual(await notifier.test("default"), { ok: false, detail: "No webhook is set" });
});
