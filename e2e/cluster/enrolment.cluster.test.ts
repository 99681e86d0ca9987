import assert from "node:assert/strict";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { fileURLToPath } from "node:url";
import { alertPageSchema, type EnrolReply, enrolledNodeSchema } from "@atalaya/wire";
import * as z from "zod";
import { certificateRequest, newKey } from "../../publisher/src/identity/csr.ts";
import { mustRun } from "../../simulator/src/run-program.ts";
import { until } from "../../simulator/src/until.ts";
import { accountKubeconfig } from "./account-kubeconfig.ts";
import { type Cluster, startCluster } from "./cluster.ts";
import { startPartIn } from "./part-in-cluster.ts";
import { nodeName } from "./place.ts";
import { runningParts } from "./processes.ts";
import { sleepingContainer } from "./sleeping-pod.ts";
import { type StackInCluster, startStackIn } from "./stack-in-cluster.ts";

const postFrom = fileURLToPath(new URL("post-from.ts", import.meta.url));
const home = "kube-system";
const account = "atalaya-publisher";
/** A deleted pod's token is refused within this: the API server remembers a yes for 10 s. */
const goneMs = 15_000;

let cluster: Cluster;
let stack: StackInCluster;
let folder: string;

before(async () => {
  folder = mkdtempSync(join(tmpdir(), "atalaya-enrolment-"));
  cluster = await startCluster({ name: process.env["ATALAYA_CLUSTER"] || "atalaya-enrolment" });
  await cluster.mustKubectl(["-n", home, "create", "serviceaccount", account]);
  stack = await startStackIn(cluster, { hubArgs: ["--kube", `real=${await hubKubeconfig()}`] });
  await hubSays(/the cluster's keys were registered/);
});
after(async () => {
  await stack?.stop();
  await cluster?.down();
  rmSync(folder, { recursive: true, force: true });
});

/** The hub's own account, with the one right that docs/decisions/0015 names. */
async function hubKubeconfig(): Promise<string> {
  const review = ["--verb=create", "--resource=tokenreviews.authentication.k8s.io"];
  await cluster.mustKubectl(["-n", home, "create", "serviceaccount", "hub"]);
  await cluster.mustKubectl(["create", "clusterrole", "hub", ...review]);
  await cluster.mustKubectl([
    "create",
    "clusterrolebinding",
    "hub",
    "--clusterrole=hub",
    `--serviceaccount=${home}:hub`,
  ]);
  return await accountKubeconfig(cluster, home, "hub");
}

const hubLog = () => readFileSync(stack.hub.logFile, "utf8");
const hubSays = (what: RegExp) => until(`the hub's word ${what}`, () => what.test(hubLog()), 20_000);

type PodOptions = { namespace?: string; serviceAccountName?: string; nodeSelector?: Record<string, string> };

/** A pod with a token as the publisher's: projected, for the hub alone. Gives when it runs, unless it cannot. */
async function makePod(
  name: string,
  { namespace = home, serviceAccountName = account, nodeSelector }: PodOptions = {},
) {
  const token = { serviceAccountToken: { audience: "atalaya-hub", expirationSeconds: 3_600, path: "token" } };
  const volumeMounts = [{ name: "token", mountPath: "/token" }];
  const spec = {
    serviceAccountName,
    terminationGracePeriodSeconds: 0,
    containers: [{ ...sleepingContainer, volumeMounts }],
    volumes: [{ name: "token", projected: { sources: [token] } }],
    ...(nodeSelector === undefined ? {} : { nodeSelector }),
  };
  await cluster.apply({ apiVersion: "v1", kind: "Pod", metadata: { name }, spec }, namespace);
  if (nodeSelector !== undefined) return;
  await cluster.mustKubectl(["-n", namespace, "wait", "--for=condition=Ready", `pod/${name}`, "--timeout=60s"], 70_000);
}

/** The token that the kubelet put into the pod. */
const tokenIn = (pod: string) => cluster.mustKubectl(["-n", home, "exec", pod, "--", "cat", "/token/token"]);

/** A token that the API server signs for whoever may ask. */
async function signedToken(
  pod: string | undefined,
  options: { audience?: string; of?: string; namespace?: string } = {},
) {
  const { audience = "atalaya-hub", of = account, namespace = home } = options;
  const bound = pod === undefined ? [] : ["--bound-object-kind=Pod", `--bound-object-name=${pod}`];
  return (
    await cluster.mustKubectl(["-n", namespace, "create", "token", of, `--audience=${audience}`, ...bound])
  ).trim();
}

type Answer = { status: number; body: EnrolReply & { code?: string } };
let strangers = 1;

/** Exchanges a token as a publisher does. From an address of its own: whoever is refused often is slowed. */
async function exchange(token: string, key = newKey(), node = nodeName): Promise<Answer> {
  const input = JSON.stringify({ csr: certificateRequest(key), service_account_token: token.trim(), node });
  const run = [process.execPath, "--disable-warning=ExperimentalWarning", postFrom, `${stack.url}/v1/enroll`];
  const args = [`--net=${cluster.place.netns}`, ...run, stack.caFile, `127.0.1.${++strangers % 250}`];
  return JSON.parse(await mustRun("nsenter", args, { input })) as Answer;
}

/** The reason that the hub notes for its people and tells no stranger. */
async function assertRefused(answer: Answer, why: RegExp): Promise<void> {
  assert.deepEqual([answer.status, answer.body.code], [401, "ENROL_REFUSED"]);
  const lines = hubLog().trimEnd().split("\n");
  const reasons = lines.flatMap((line) => (JSON.parse(line) as { reason?: string }).reason ?? []);
  assert.match(reasons.at(-1) ?? "", why);
}

test("a publisher enrols its node by the token that the kubelet projected into its pod", async () => {
  await makePod("good");
  const tokenFile = join(folder, "token");
  writeFileSync(tokenFile, await tokenIn("good"), { mode: 0o600 });
  for (const name of ["run", "spool"]) mkdirSync(join(folder, name));
  const own = ["--socket", join(folder, "run/socket"), "--spool", join(folder, "spool")];
  const proof = ["--identity", join(folder, "identity"), "--service-account-token", tokenFile, "--ca", stack.caFile];
  const publisher = await startPartIn(
    cluster.place,
    ["publisher", ...own, ...proof, "--node", nodeName, "--hub", stack.url],
    join(folder, "publisher.log"),
  );
  try {
    const listed = z.object({ nodes: z.array(enrolledNodeSchema) });
    let found: string | undefined;
    await until(
      "the node's enrolment",
      async () => {
        const { nodes } = await stack.client.get("/api/v1/nodes", listed);
        found = nodes.find((one) => one.node === nodeName)?.proof;
        return found !== undefined;
      },
      20_000,
    );
    assert.equal(found, "service_account");
  } finally {
    await publisher.stop();
  }
});

test("a token of another account, audience or namespace is refused, each for its reason", async () => {
  const namespace = await cluster.namespace("stranger");
  await cluster.mustKubectl(["-n", namespace, "create", "serviceaccount", account]);
  await makePod("other-account", { serviceAccountName: "default" });
  await makePod("elsewhere", { namespace });
  await makePod("here");
  await assertRefused(await exchange(await tokenIn("other-account")), /another service account/);
  await assertRefused(
    await exchange(await signedToken("here", { audience: "https://kubernetes.default.svc" })),
    /CLAIM/,
  );
  await assertRefused(await exchange(await signedToken("elsewhere", { namespace })), /another namespace/);
  assert.equal((await exchange(await signedToken("here"))).status, 200);
});

test("a token that names no pod, or a pod without a node, or another node than its bearer, is refused", async () => {
  await makePod("nowhere", { nodeSelector: { "example.org/there-is": "none" } });
  await makePod("somewhere");
  await assertRefused(await exchange(await signedToken(undefined)), /names no pod or no node/);
  await assertRefused(await exchange(await signedToken("nowhere")), /names no pod or no node/);
  await assertRefused(await exchange(await signedToken("somewhere"), newKey(), "node2"), /another node/);
});

test("a token that was changed, or signed by others, is refused", async () => {
  await makePod("forged");
  const [head = "", claims = "", signature = ""] = (await signedToken("forged")).split(".");
  const read = JSON.parse(Buffer.from(claims, "base64url").toString("utf8")) as Record<string, unknown>;
  const changed = Buffer.from(JSON.stringify({ ...read, exp: 4_000_000_000 })).toString("base64url");
  await assertRefused(await exchange([head, changed, signature].join(".")), /SIGNATURE/);
});

test("a deleted pod's token is refused within 15 s of its end", async (t) => {
  await makePod("deleted");
  const token = await tokenIn("deleted");
  const key = newKey();
  assert.equal((await exchange(token, key)).status, 200);
  await cluster.mustKubectl(["-n", home, "delete", "pod", "deleted"]);
  const ended = performance.now();
  let answer = await exchange(token, key);
  while (answer.status === 200 && performance.now() - ended < goneMs) answer = await exchange(token, key);
  const afterMs = performance.now() - ended;
  t.diagnostic(`refused ${(afterMs / 1_000).toFixed(1)} s after the pod's end`);
  await assertRefused(answer, /its cluster says that it counts no more/);
  assert.ok(afterMs < goneMs);
});

test("a second key for one pod is refused, and people are told", async () => {
  await makePod("copied");
  const token = await tokenIn("copied");
  const key = newKey();
  assert.equal((await exchange(token, key)).status, 200);
  assert.equal((await exchange(token, key)).status, 200, "an answer that was lost is asked for again");
  const second = await exchange(token);
  assert.deepEqual([second.status, second.body.code], [401, "ENROL_REFUSED"]);
  // Nor does another token of the same pod help.
  assert.equal((await exchange(await signedToken("copied"))).status, 401);
  let told = 0;
  await until(
    "the alert",
    async () => {
      const { alerts } = await stack.client.get("/api/v1/alerts?limit=200", alertPageSchema);
      told = alerts.filter((one) => one.rule === "Sensor Identity Mismatch" && one.where.node === nodeName).length;
      return told > 0;
    },
    10_000,
  );
  assert.equal(told, 1);
});

test("while the API server does not answer nobody enrols, and afterwards everybody does", async () => {
  await makePod("late");
  const token = await tokenIn("late");
  const server = runningParts(cluster.place).find((part) => part.name === "apiserver");
  assert.ok(server !== undefined);
  process.kill(server.pid, "SIGSTOP");
  try {
    const answer = await exchange(token);
    assert.deepEqual([answer.status, answer.body.code], [503, "KUBE_UNREACHABLE"]);
  } finally {
    process.kill(server.pid, "SIGCONT");
  }
  await until("the enrolment", async () => (await exchange(token)).status === 200, 20_000);
});
