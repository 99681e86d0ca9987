import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, type TestContext, test } from "node:test";
import { type Alert, alertPageSchema, alertSchema, type DoneBy } from "@atalaya/wire";
import { mustRun } from "../../simulator/src/run-program.ts";
import { until } from "../../simulator/src/until.ts";
import { type Cluster, startCluster } from "./cluster.ts";
import { type LateAudit, startLateAudit } from "./late-audit.ts";
import { letIn, type Person } from "./people.ts";
import { type StackInCluster, startStackIn } from "./stack-in-cluster.ts";
import { countsOf, proofCommand, proofRule, saidOfProofs, verdictOf } from "./who-proof.ts";

const names = ["ana", "bob", "cho", "dee"] as const;
const lateMs = process.env["ATALAYA_CLUSTER_FULL"] ? 300_000 : 5_000;
/** A session that has ended settles when nothing of it can start any more, its node has said so, and the hub has heard it. */
const settleMs = 45_000;

let cluster: Cluster;
let stack: StackInCluster;
let audit: LateAudit;
let people: Record<(typeof names)[number], Person>;
const folder = mkdtempSync(join(tmpdir(), "atalaya-who-"));

before(async () => {
  cluster = await startCluster({ name: process.env["ATALAYA_CLUSTER"] || "atalaya-who" });
  const rules = join(folder, "proof.yaml");
  writeFileSync(rules, proofRule);
  stack = await startStackIn(cluster, { sensor: true, hubArgs: ["--rules", rules] });
  audit = await startLateAudit(cluster, stack);
  const policy = await stack.client.text("/api/v1/audit-policy");
  await cluster.setAudit({ policy, webhookKubeconfig: audit.webhookKubeconfig });
  const [ana, bob, cho, dee] = await Promise.all(names.map((name) => letIn(cluster.place, name, ["operators"])));
  assert.ok(ana !== undefined && bob !== undefined && cho !== undefined && dee !== undefined);
  people = { ana, bob, cho, dee };
  const binding = ["create", "clusterrolebinding", "operators", "--clusterrole=cluster-admin", "--group=operators"];
  await cluster.mustKubectl(binding);
});
after(async () => {
  await audit?.stop();
  await stack?.stop();
  await cluster?.down();
  rmSync(folder, { recursive: true, force: true });
});

const busybox = { image: "localhost/busybox:1", imagePullPolicy: "Never" };

/** Makes the pods and waits until they run. */
async function pods(namespace: string, of: Record<string, object>): Promise<void> {
  const items = Object.entries(of).map(([name, container]) => ({
    apiVersion: "v1",
    kind: "Pod",
    metadata: { name },
    spec: { terminationGracePeriodSeconds: 0, containers: [{ name: "main", ...busybox, ...container }] },
  }));
  await cluster.apply({ apiVersion: "v1", kind: "List", items }, namespace);
  await cluster.mustKubectl(
    ["-n", namespace, "wait", "--for=condition=Ready", "pod", "--all", "--timeout=90s"],
    95_000,
  );
}

async function alertsIn(namespace: string): Promise<Alert[]> {
  const { alerts } = await stack.client.get("/api/v1/alerts?limit=200&rule=Proof%20Read", alertPageSchema);
  const own = alerts.filter((alert) => alert.where.namespace === namespace);
  return Promise.all(own.map(({ alert_id }) => stack.client.get(`/api/v1/alerts/${alert_id}`, alertSchema)));
}

const proofsIn = async (namespace: string) => saidOfProofs(await alertsIn(namespace));

type Session = { tag: string; pod: string; by: Person; isTwin: boolean };

/**
 * Twenty sessions: in each of four pods four people, two with commands of their own, two with the same; and four alone
 * in their pods. Commands of their own say what they are for in their arguments, the others in what is typed.
 */
function twentySessions(): Session[] {
  const { ana, bob, cho, dee } = people;
  const crowded = ["crowd-0", "crowd-1", "crowd-2", "crowd-3"].flatMap((pod) => [
    { tag: `${pod}-ana`, pod, by: ana, isTwin: false },
    { tag: `${pod}-bob`, pod, by: bob, isTwin: false },
    { tag: `${pod}-cho`, pod, by: cho, isTwin: true },
    { tag: `${pod}-dee`, pod, by: dee, isTwin: true },
  ]);
  const alone = [ana, bob, cho, dee].map((by) => ({
    tag: `alone-${by.name}`,
    pod: `alone-${by.name}`,
    by,
    isTwin: false,
  }));
  return [...crowded, ...alone];
}

const linger = 3;

async function runSession(namespace: string, { tag, pod, by, isTwin }: Session): Promise<void> {
  const into = ["-n", namespace, "exec", pod];
  const script = `${proofCommand(tag)}; sleep ${linger}`;
  const typed = isTwin || pod.startsWith("alone");
  if (typed) await by.kubectl([...into, "-i", "--", "sh"], `${script}\n`);
  else await by.kubectl([...into, "--", "sh", "-c", script]);
}

async function twentyAtOnce(t: TestContext, delayMs: number): Promise<void> {
  audit.delay(delayMs);
  const namespace = await cluster.namespace("who");
  const sessions = twentySessions();
  const sleeping = { command: ["sleep", "3600"] };
  await pods(namespace, Object.fromEntries(sessions.map(({ pod }) => [pod, sleeping])));
  const running = Promise.all(sessions.map((session) => runSession(namespace, session)));
  if (delayMs > 0) {
    await until("an alert of all twenty", async () => (await proofsIn(namespace)).size === sessions.length, 60_000);
  }
  await running;
  const ended = performance.now();
  const verdicts = (said: Map<string, readonly DoneBy[]>) =>
    sessions.map(({ tag, by }) => verdictOf(said.get(tag) ?? [], by.name));
  let said = new Map<string, readonly DoneBy[]>();
  await until(
    "what is to be known of all twenty",
    async () => {
      said = await proofsIn(namespace);
      const now = countsOf(verdicts(said));
      assert.equal(now.wrong, 0, JSON.stringify([...said], undefined, 1));
      return now.right === 12 && now.ambiguous === 8 && !JSON.stringify([...said]).includes("still_arriving");
    },
    delayMs + settleMs,
  ).catch((error: unknown) => {
    t.diagnostic(JSON.stringify(sessions.map(({ tag }) => [tag, said.get(tag)])));
    throw error;
  });
  const seconds = ((performance.now() - ended) / 1_000).toFixed(1);
  const { right, ambiguous, unknown, wrong } = countsOf(verdicts(said));
  t.diagnostic(
    `audit ${delayMs / 1_000} s late: ${right} right, ${ambiguous} ambiguous, ${unknown} unknown, ${wrong} wrong, ` +
      `${seconds} s after the last session's end`,
  );
  for (const { tag, by, isTwin } of sessions) {
    const [first] = said.get(tag) ?? [];
    const users = [...new Set(first?.sessions.map(({ user }) => user))].sort();
    assert.deepEqual(users, isTwin ? ["cho", "dee"] : [by.name], tag);
    const session = first?.sessions.find(({ user }) => user === by.name);
    assert.ok(session?.groups.includes("operators"), tag);
    assert.match(session?.user_agent ?? "", /^kubectl/);
    assert.ok((session?.source_ips.length ?? 0) > 0, tag);
  }
}

test("twenty sessions of four people at once: each process has its own person, and twins are ambiguous", (t) =>
  twentyAtOnce(t, 0));

test("the same when the audit log is late: alerts are there first, and amend themselves", (t) =>
  twentyAtOnce(t, lateMs));

test("debug, attach and a forwarded port are told as what they are", async () => {
  audit.delay(0);
  const namespace = await cluster.namespace("who-else");
  await pods(namespace, {
    shell: { command: ["sh"], stdin: true },
    server: { command: ["nc", "-lk", "-p", "8080", "-e", "/bin/cat", "/etc/proof-forwarded"] },
    target: { command: ["sleep", "3600"] },
  });
  const { ana, bob, cho, dee } = people;
  const attached = bob.start(["-n", namespace, "attach", "-i", "shell"]);
  const forwarding = cho.start(["-n", namespace, "port-forward", "server", "18080:8080"]);
  try {
    attached.stdin?.write(`${proofCommand("attached")}\n`);
    let words = "";
    forwarding.stdout?.on("data", (some) => {
      words += some;
    });
    await until("the forwarded port", () => words.includes("Forwarding from"), 20_000);
    const connect = [`--net=${cluster.place.netns}`, "busybox", "nc", "-w", "5", "127.0.0.1", "18080"];
    const debug = [
      "debug",
      "target",
      "--quiet",
      "--image=localhost/busybox:1",
      "--image-pull-policy=Never",
      "-i",
      "--",
    ];
    await Promise.all([
      mustRun("nsenter", connect, { input: "x\n" }).catch(() => undefined),
      ana.kubectl(["-n", namespace, ...debug, "sh", "-c", `${proofCommand("debugged")}; sleep 1`]),
      dee.kubectl(["-n", namespace, "--as=ana", "exec", "target", "--", "/bin/cat", "/etc/proof-acted"]),
    ]);
    const story = (said: readonly DoneBy[] | undefined) =>
      (said ?? []).map(({ how, certainty, sessions: of }) => {
        return `${how} ${certainty} ${of.map(({ user, acting_as }) => (acting_as ? `${user} as ${acting_as}` : user))}`;
      });
    const expected = {
      debugged: ["started known ana"],
      attached: ["attached known bob"],
      forwarded: ["connected ambiguous cho"],
      acted: ["started known dee as ana"],
    };
    let told: Record<string, string[]> = {};
    await until(
      "what is to be known of them",
      async () => {
        const said = await proofsIn(namespace);
        told = Object.fromEntries(Object.keys(expected).map((tag) => [tag, story(said.get(tag))]));
        return JSON.stringify(told) === JSON.stringify(expected);
      },
      settleMs,
    ).catch(() => undefined);
    assert.deepEqual(told, expected);
  } finally {
    attached.kill();
    forwarding.kill();
  }
});
