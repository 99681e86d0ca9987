// What `atalaya simulate` says where something is missing, and that it leaves nothing behind, however it ends.
import assert from "node:assert/strict";
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { needs } from "../../simulator/src/cluster/preflight.ts";
import { runProgram } from "../../simulator/src/run-program.ts";
import { type Cluster, startCluster } from "./cluster.ts";
import { atalayaCommand } from "./part-in-cluster.ts";
import { prepareSimulations, type RunOptions, type Simulations } from "./simulate-in-cluster.ts";
import { assertNothingIsLeft } from "./simulation-proof.ts";
import { type StackInCluster, startStackIn } from "./stack-in-cluster.ts";

const isFull = process.env["ATALAYA_CLUSTER_FULL"] === "1";
let cluster: Cluster;
let stack: StackInCluster;
let simulations: Simulations;
const folder = mkdtempSync(join(tmpdir(), "atalaya-refusals-"));

before(async () => {
  cluster = await startCluster({ name: process.env["ATALAYA_CLUSTER"] || "atalaya-refusals" });
  simulations = await prepareSimulations(cluster);
  // Its audit log goes nowhere.
  stack = await startStackIn(cluster, { sensor: true });
});
after(async () => {
  simulations?.close();
  await stack?.stop();
  await cluster?.down();
  rmSync(folder, { recursive: true, force: true });
});

async function refused(args: string[], options: RunOptions & { data?: string } = {}): Promise<string> {
  const run = await simulations.run([...args, "--json", "--data", options.data ?? stack.dataFolder], options);
  assert.notEqual(run.status, 0);
  assert.deepEqual(run.lines, [], "nothing was attacked");
  await assertNothingIsLeft(cluster);
  return run.errors;
}

/** A kubeconfig like the administrator's, changed. */
function kubeconfig(name: string, change: (config: Record<string, unknown>) => void): string {
  const config = JSON.parse(readFileSync(join(cluster.place.folder, "etc/admin.kubeconfig"), "utf8")) as Record<
    string,
    unknown
  >;
  change(config);
  const file = join(folder, name);
  writeFileSync(file, JSON.stringify(config), { mode: 0o600 });
  return file;
}

test("without Helm it says where to get it", async () => {
  const path = join(folder, "only-kubectl");
  mkdirSync(path);
  symlinkSync(join(simulations.programs, "kubectl"), join(path, "kubectl"));
  assert.match(await refused(["webshell"], { path: `${path}:/usr/sbin` }), /Helm: install it: https:\/\/helm\.sh/);
});

test("where no cluster answers it says how to choose another", async () => {
  const nowhere = kubeconfig("nowhere", (config) => {
    config["clusters"] = [{ name: "c", cluster: { server: "https://127.0.0.1:9" } }];
  });
  assert.match(await refused(["webshell"], { kubeconfig: nowhere }), /No cluster answers \(.*refused.*--context/);
});

test("every right that the user lacks is named", async () => {
  await cluster.mustKubectl(["create", "serviceaccount", "guest", "-n", "default"]);
  const token = (await cluster.mustKubectl(["create", "token", "guest", "-n", "default"])).trim();
  const guest = kubeconfig("guest", (config) => {
    config["users"] = [{ name: "admin", user: { token } }];
  });
  const errors = await refused(["webshell"], { kubeconfig: guest });
  const rights = [
    ...["create namespaces in the cluster", "list namespaces in the cluster", "create pods in the namespace"],
    ...["get pods in", "list pods in", "get pods/log in", "create networkpolicies.networking.k8s.io in"],
  ];
  for (const right of rights) assert.ok(errors.includes(`the right to ${right}`), errors);
  assert.match(errors, /ask an administrator/);
});

test("the rights that it asks for before it begins are all that a run needs, also one that is kept and then removed", async () => {
  await cluster.mustKubectl(["create", "serviceaccount", "least", "-n", "default"]);
  const rules = needs.map(({ verb, resource }) => {
    const [name = "", ...group] = resource.split(".");
    return { apiGroups: [group.join(".")], resources: [name], verbs: [verb] };
  });
  const api = "rbac.authorization.k8s.io";
  const metadata = { name: "least" };
  await cluster.apply({ apiVersion: `${api}/v1`, kind: "ClusterRole", metadata, rules }, "default");
  const roleRef = { apiGroup: api, kind: "ClusterRole", name: "least" };
  const subjects = [{ kind: "ServiceAccount", name: "least", namespace: "default" }];
  await cluster.apply({ apiVersion: `${api}/v1`, kind: "ClusterRoleBinding", metadata, roleRef, subjects }, "default");
  const token = (await cluster.mustKubectl(["create", "token", "least", "-n", "default"])).trim();
  const least = kubeconfig("least", (config) => {
    config["users"] = [{ name: "admin", user: { token } }];
  });
  const args = ["webshell", "--json", "--data", stack.dataFolder];
  for (const more of [["--keep"], []]) {
    const run = await simulations.run([...args, ...more], { kubeconfig: least });
    assert.equal(run.status, 0, run.errors);
    assert.doesNotMatch(run.errors, /forbidden/i);
  }
  await assertNothingIsLeft(cluster);
});

test("a hub that is not there is told with what to do", async () => {
  const data = join(folder, "gone");
  mkdirSync(data);
  cpSync(stack.caFile, join(data, "hub", "ca.pem"), { recursive: true });
  const client = readFileSync(join(stack.dataFolder, "client.json"), "utf8").replace(/:8443/, ":9");
  writeFileSync(join(data, "client.json"), client, { mode: 0o600 });
  assert.match(await refused(["webshell"], { data }), /No hub answers at https:\/\/192\.0\.2\.10:9 .*npm start/);
});

test("a hub without a sensor on the node is told how to get one", async () => {
  const other = await startStackIn(cluster, { port: 8444 });
  try {
    const errors = await refused(["webshell"], { data: other.dataFolder });
    assert.match(errors, /no live sensor.*kubectl get ds atalaya-collector-ds.*helm install/);
  } finally {
    await other.stop();
  }
});

test("an audit log that does not reach the hub is told how to be connected, or to do without", async () => {
  const errors = await refused(["recon"]);
  assert.match(errors, /audit log does not reach the hub.*within 10 s/);
  assert.match(errors, /atalaya audit kubeconfig.*[\s\S]*--without-audit/);
});

test("an image that the node cannot have ends the run soon, with the kubelet's reason, and nothing is left", async () => {
  // One that is to be pulled is given another try, which takes the kubelet some time. The run ends with the first pod
  // of which the kubelet says it, whichever that is: the other may still wait for its init container.
  for (const policy of isFull ? ["Never", "IfNotPresent"] : ["Never"]) {
    const values = join(folder, "values.json");
    writeFileSync(values, JSON.stringify({ image: { pullPolicy: policy } }));
    const started = performance.now();
    const errors = await refused(["webshell", "--image", "images.invalid/nowhere:1", "--values", values]);
    assert.match(errors, /Name an image that the nodes can pull with --image/);
    assert.match(
      errors,
      policy === "Never" ? /(?:attacker|victim)\/.*ErrImageNeverPull/ : /(?:attacker|victim)\/.*ImagePullBackOff/,
    );
    assert.ok(performance.now() - started < 120_000, "it did not wait for Helm's five minutes");
  }
});

test("without the audit log the rest is expected and comes, and Ctrl-C in the midst of it removes everything", async () => {
  const run = await simulations.run(["recon", "lateral-mov", "--without-audit", "--json", "--data", stack.dataFolder], {
    onOutput(text, signal) {
      if (text.includes('"alerted"')) signal("SIGINT");
    },
  });
  assert.equal(run.status, 130, run.errors);
  assert.match(run.errors, /stopped; everything is removed/);
  assert.ok(run.lines.some(({ status }) => status === "not_covered" || status === "alerted"));
  await assertNothingIsLeft(cluster);
});

/** What the web shell answers to the attacker's pod, and with which status. */
function askWebShell(namespace: string, ...args: string[]): Promise<string> {
  const request = ["-Gs", "-w", " %{http_code}", "--data-urlencode", "cmd=whoami", "http://victim/ws.php"];
  return cluster.mustKubectl([
    "exec",
    "attacker",
    "-c",
    "attacker",
    "-n",
    namespace,
    "--",
    "curl",
    ...args,
    ...request,
  ]);
}

async function assertObeysOnlyWithTheWord(namespace: string): Promise<void> {
  assert.equal(await askWebShell(namespace), "www-data\n 200");
  // -q: without the file that holds the word.
  for (const other of [[], ["-H", "X-Simulation-Word;"], ["-H", "X-Simulation-Word: theWordOfAnotherRelease"]])
    assert.equal(await askWebShell(namespace, "-q", ...other), " 403");
}

/** A namespace of somebody else's, with the marks of a run that is over. */
async function makeMarkedNamespace(name: string): Promise<void> {
  const annotations = { "atalaya.dev/over-by": "2026-01-01T00:00:00Z" };
  const metadata = { name, labels: { "atalaya.dev/simulation": "run" }, annotations };
  const file = join(folder, "marked.json");
  writeFileSync(file, JSON.stringify({ apiVersion: "v1", kind: "Namespace", metadata }));
  await cluster.mustKubectl(["create", "-f", file]);
}

test("an alert that comes too late is missed, --keep leaves the pods for a look, and the next run removes them", async () => {
  const late = ["webshell", "--keep", "--timeout", "0.001", "--json", "--data", stack.dataFolder];
  const first = await simulations.run(late);
  assert.equal(first.status, 1, first.errors);
  assert.deepEqual(
    first.lines.map(({ status }) => status),
    ["missed"],
  );
  const kept = /kept in the namespace (\S+);/.exec(first.errors)?.[1];
  assert.ok(kept !== undefined, first.errors);
  assert.match(await cluster.mustKubectl(["get", "pods", "-n", kept, "-o", "name"]), /pod\/victim/);
  await assertObeysOnlyWithTheWord(kept);
  const marked = "atalaya-simulation-billing";
  await makeMarkedNamespace(marked);
  // As a person runs it: by the menu, at a terminal.
  const answer = `printf '5\\n'`;
  const simulate = ["nsenter", ...atalayaCommand(cluster.place, ["simulate", "--data", stack.dataFolder])].join(" ");
  const env = {
    ...process.env,
    PATH: `${simulations.programs}:${process.env["PATH"] ?? ""}`,
    KUBECONFIG: join(cluster.place.folder, "etc/admin.kubeconfig"),
  };
  const menu = await runProgram("sh", ["-c", `${answer} | script -qefc '${simulate}' /dev/null`], {
    env,
    timeoutMs: 120_000,
  });
  assert.equal(menu.status, 0, menu.stdout);
  assert.match(menu.stdout, /Which attack\?[\s\S]*5 {2}webshell[\s\S]*Possible Web Shell activity detected/);
  assert.match(menu.stdout, /removed what an earlier run left behind/);
  const phase = ["get", "namespace", marked, "-o", "jsonpath={.status.phase}"];
  assert.equal(await cluster.mustKubectl(phase), "Active", "no run made it");
  await cluster.mustKubectl(["delete", "namespace", marked]);
  await assertNothingIsLeft(cluster);
});
