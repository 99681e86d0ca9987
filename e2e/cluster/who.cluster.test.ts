import assert from "node:assert/strict";
import type { ChildProcess } from "node:child_process";
import { once } from "node:events";
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
let namespace = "";
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
  namespace = await cluster.namespace("who");
  await makePods();
});
after(async () => {
  await audit?.stop();
  await stack?.stop();
  await cluster?.down();
  rmSync(folder, { recursive: true, force: true });
});

const busybox = { image: "localhost/busybox:1", imagePullPolicy: "Never" };
const sleeping = { command: ["sleep", "3600"] };
const crowds = ["crowd-0", "crowd-1", "crowd-2"];
const shell = { command: ["sh"], stdin: true };
const podsOfTests = {
  ...Object.fromEntries([...crowds, "alone-0", "alone-1", "target"].map((pod) => [pod, sleeping])),
  shell,
  shared: shell,
  hosted: shell,
  server: { command: ["nc", "-ll", "-p", "8080", "-e", "/bin/cat", "/etc/proof-forwarded"] },
};

/** Pods whose containers have no pid namespace of their own. */
const namespacesOf: Record<string, object> = { shared: { shareProcessNamespace: true }, hosted: { hostPID: true } };

/** Makes the pods and waits until they run. */
async function makePods(): Promise<void> {
  const items = Object.entries(podsOfTests).map(([name, container]) => ({
    apiVersion: "v1",
    kind: "Pod",
    metadata: { name },
    spec: {
      ...namespacesOf[name],
      terminationGracePeriodSeconds: 0,
      containers: [{ name: "main", ...busybox, ...container }],
    },
  }));
  await cluster.apply({ apiVersion: "v1", kind: "List", items }, namespace);
  await cluster.mustKubectl(
    ["-n", namespace, "wait", "--for=condition=Ready", "pod", "--all", "--timeout=90s"],
    95_000,
  );
}

type Said = Map<string, readonly DoneBy[]>;

async function proofAlerts(): Promise<Alert[]> {
  const where = `rule=Proof%20Read&namespace=${namespace}&limit=200`;
  const { alerts } = await stack.client.get(`/api/v1/alerts?${where}`, alertPageSchema);
  return Promise.all(alerts.map(({ alert_id }) => stack.client.get(`/api/v1/alerts/${alert_id}`, alertSchema)));
}

const proofs = async (): Promise<Said> => saidOfProofs(await proofAlerts());

/** The process trees of a pod's alerts: who is named beside each program that has somebody. */
async function namesInTrees(pod: string): Promise<string[]> {
  const alerts = (await proofAlerts()).filter((alert) => alert.where.pod === pod);
  const rows = alerts.flatMap((alert) => alert.process_tree);
  return rows.flatMap(({ name, done_by }) =>
    (done_by ?? { sessions: [] }).sessions.map(({ user }) => `${name} ${user}`),
  );
}

type Session = { tag: string; pod: string; by: Person; isTwin: boolean };

/**
 * Twenty sessions: in each of three pods six of four people, two of them with the same command; and two alone in their
 * pods. Commands of their own say what they are for in their arguments, the others in what is typed.
 */
function twentySessions(run: string): Session[] {
  const { ana, bob, cho, dee } = people;
  const crowded = crowds.flatMap((pod) => [
    ...[ana, bob, cho, dee].map((by) => ({ tag: `${run}-${pod}-${by.name}`, pod, by, isTwin: false })),
    ...[cho, dee].map((by) => ({ tag: `${run}-${pod}-twin-${by.name}`, pod, by, isTwin: true })),
  ]);
  const alone = (pod: string, by: Person) => ({ tag: `${run}-${pod}`, pod, by, isTwin: false });
  return [...crowded, alone("alone-0", ana), alone("alone-1", bob)];
}

/** Opens the session, and has it run its proof; it lasts until its standard input ends. */
function openSession({ tag, pod, by, isTwin }: Session): ChildProcess {
  const into = ["-n", namespace, "exec", "-i", pod, "--", "sh"];
  const isTyped = isTwin || pod.startsWith("alone");
  const child = by.start(isTyped ? into : [...into, "-c", `${proofCommand(tag)}; cat`]);
  if (isTyped) child.stdin?.write(`${proofCommand(tag)}; cat\n`);
  return child;
}

async function endSession(child: ChildProcess): Promise<void> {
  const ended = child.exitCode === null ? once(child, "exit") : undefined;
  child.stdin?.end();
  await ended;
}

/** Opens all, waits until each has its alert, and ends them. Gives what each alert said when it was there first. */
async function runSessions(sessions: readonly Session[]): Promise<Said> {
  const first: Said = new Map();
  const open = sessions.map(openSession);
  try {
    await until(
      "an alert of each session",
      async () => {
        for (const [tag, said] of await proofs()) if (!first.has(tag)) first.set(tag, said);
        return sessions.every(({ tag }) => first.has(tag));
      },
      60_000,
    );
    await Promise.all(open.map(endSession));
  } finally {
    for (const child of open) child.kill();
  }
  return first;
}

async function twentyAtOnce(t: TestContext, run: string, delayMs: number): Promise<void> {
  audit.delay(delayMs);
  const sessions = twentySessions(run);
  const verdicts = (said: Said) => sessions.map(({ tag, by }) => verdictOf(said.get(tag) ?? [], by.name));
  const first = await runSessions(sessions);
  const ended = performance.now();
  let said: Said = new Map();
  await until(
    "what is to be known of all twenty",
    async () => {
      said = await proofs();
      const { wrong, right, ambiguous } = countsOf(verdicts(said));
      assert.equal(wrong, 0, JSON.stringify([...said], undefined, 1));
      const isSettled = !sessions.some(({ tag }) => said.get(tag)?.some((one) => one.reason === "still_arriving"));
      return isSettled && right + ambiguous === sessions.length;
    },
    delayMs + settleMs,
  );
  const seconds = ((performance.now() - ended) / 1_000).toFixed(1);
  const told = (counts: ReturnType<typeof countsOf>) =>
    `${counts.right} right, ${counts.ambiguous} ambiguous, ${counts.unknown} unknown, ${counts.wrong} wrong`;
  t.diagnostic(`audit ${delayMs / 1_000} s late: ${told(countsOf(verdicts(first)))} when the alerts came`);
  t.diagnostic(`${told(countsOf(verdicts(said)))}, ${seconds} s after the sessions ended`);
  assert.ok(delayMs === 0 || [...first.values()].some((one) => one.length === 0), "an alert is there before its name");
  const inTree = await namesInTrees("alone-0");
  assert.ok(inTree.includes("sh ana") && inTree.includes("cat ana"), inTree.join());
  for (const { tag, by, isTwin } of sessions) {
    const [one] = said.get(tag) ?? [];
    const users = [...new Set(one?.sessions.map(({ user }) => user))].sort();
    // Of twins that began seconds apart each may be known, too.
    const isKnown = one?.certainty === "known";
    assert.ok(isKnown || isTwin, tag);
    assert.deepEqual(users, isKnown ? [by.name] : ["cho", "dee"], tag);
    const session = one?.sessions.find(({ user }) => user === by.name);
    assert.ok(session?.groups.includes("operators"), tag);
    assert.match(session?.user_agent ?? "", /^kubectl/);
    assert.ok((session?.source_ips.length ?? 0) > 0, tag);
  }
}

test("twenty sessions of four people at once: each process has its own person, and twins are ambiguous", (t) =>
  twentyAtOnce(t, "prompt", 0));

test("the same when the audit log is late: alerts are there first, and amend themselves", (t) =>
  twentyAtOnce(t, "late", lateMs));

test("debug, attach and a forwarded port are told as what they are", async () => {
  audit.delay(0);
  const { ana, bob, cho, dee } = people;
  const attached = ["shell", "shared", "hosted"].map((pod) => {
    return { pod, child: bob.start(["-n", namespace, "attach", "-i", pod]) };
  });
  const forwarding = cho.start(["-n", namespace, "port-forward", "server", "18080:8080"]);
  try {
    for (const { pod, child } of attached) child.stdin?.write(`${proofCommand(`attached-${pod}`)}\n`);
    let words = "";
    forwarding.stdout?.on("data", (some) => {
      words += some;
    });
    await until("the forwarded port", () => words.includes("Forwarding from"), 20_000);
    const connect = [`--net=${cluster.place.netns}`, "busybox", "nc", "-w", "5", "127.0.0.1", "18080"];
    const image = ["--image=localhost/busybox:1", "--image-pull-policy=Never"];
    const debug = (tag: string, target: readonly string[] = []) => {
      const into = ["debug", "target", "--quiet", ...image, ...target, "-i", "--"];
      return ana.kubectl(["-n", namespace, ...into, "sh", "-c", `${proofCommand(tag)}; sleep 1`]);
    };
    await Promise.all([
      mustRun("nsenter", connect, { input: "x\n" }).catch(() => undefined),
      debug("debugged"),
      debug("targeted", ["--target=main"]),
      dee.kubectl([
        "-n",
        namespace,
        "--as=ana",
        "--as-group=operators",
        "exec",
        "target",
        "--",
        "/bin/cat",
        "/etc/proof-acted",
      ]),
    ]);
    const story = (said: readonly DoneBy[] | undefined) =>
      (said ?? []).map(({ how, certainty, sessions: of }) => {
        return `${how} ${certainty} ${of.map(({ user, acting_as }) => (acting_as ? `${user} as ${acting_as}` : user))}`;
      });
    const expected = {
      debugged: ["started known ana"],
      targeted: ["started known ana"],
      "attached-shell": ["attached known bob"],
      "attached-shared": ["attached ambiguous bob"],
      "attached-hosted": ["attached ambiguous bob"],
      forwarded: ["connected ambiguous cho"],
      acted: ["started known dee as ana"],
    };
    let told: Record<string, string[]> = {};
    await until(
      "what is to be known of them",
      async () => {
        const said = await proofs();
        told = Object.fromEntries(Object.keys(expected).map((tag) => [tag, story(said.get(tag))]));
        return JSON.stringify(told) === JSON.stringify(expected);
      },
      settleMs,
    ).catch(() => undefined);
    assert.deepEqual(told, expected);
  } finally {
    for (const { child } of attached) child.kill();
    forwarding.kill();
  }
});
