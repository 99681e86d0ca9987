import assert from "node:assert/strict";
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { before, test } from "node:test";
import { fileURLToPath } from "node:url";
import { goProgram } from "../../e2e/cluster/go-programs.ts";
import { runProgram } from "../../simulator/src/run-program.ts";

// What Helm makes of the charts, word for word: a change of a chart shows as a change of these files.
// ATALAYA_GOLDEN=write writes them anew, to be read before they are committed.

const chart = fileURLToPath(new URL("../atalaya", import.meta.url));
const folder = fileURLToPath(new URL("manifests", import.meta.url));
const isWriting = process.env["ATALAYA_GOLDEN"] === "write";
let helm: string;

before(async () => {
  helm = await goProgram("helm", () => {});
});

const pem = "-----BEGIN CERTIFICATE-----\nMIIBtest\n-----END CERTIFICATE-----\n";
const cases: Record<string, readonly string[]> = {
  "hub-in-the-cluster": [],
  "hub-elsewhere": [
    "hub.enabled=false",
    "hub.url=https://hub.example.org:8443",
    "hub.proxy=http://proxy.example.org:3128",
    "networkPolicies.hubTo[0].ipBlock.cidr=203.0.113.7/32",
    "networkPolicies.dns.ports={53,5353}",
  ],
  "air-gapped": [
    "images.registry=images.example.org/atalaya",
    `images.sensorDigest=sha256:${"1".repeat(64)}`,
    `images.hubDigest=sha256:${"2".repeat(64)}`,
    "images.pullSecrets={registry-login}",
  ],
  "audit-log-from-a-file": ["audit.file.path=/var/log/kubernetes/audit/audit.log"],
  "blocking-permitted-by-nodes": ["collector.enforceFolder=/etc/atalaya"],
  "selinux-and-apparmor": ["collector.seLinuxOptions.type=spc_t", "collector.appArmorProfile="],
};

function template(set: readonly string[], kubeVersion = "1.34.4") {
  const values = set.flatMap((one) => ["--set", one]);
  // A CA certificate has lines: it comes as a file does.
  const ca = set.includes("hub.enabled=false") ? ["--set-string", `hub.ca=${pem}`] : [];
  const args = ["template", "atalaya", chart, "-n", "kube-system", "--kube-version", kubeVersion, ...values, ...ca];
  return runProgram(helm, args);
}

for (const [name, set] of Object.entries(cases)) {
  test(`the chart's objects are those that were read: ${name}`, async () => {
    const { status, stdout, stderr } = await template(set);
    assert.equal(status, 0, stderr);
    const objects = stdout.replace(/[ \t]+$/gm, "");
    const file = `${folder}/${name}.yaml`;
    if (isWriting) {
      mkdirSync(folder, { recursive: true });
      writeFileSync(file, objects);
    }
    assert.ok(existsSync(file), `${file} is missing`);
    assert.equal(objects, readFileSync(file, "utf8"));
  });
}

test("helm lint finds nothing", async () => {
  const { status, stdout } = await runProgram(helm, ["lint", "--strict", "--kube-version", "1.34.4", chart]);
  assert.equal(status, 0, stdout);
});

for (const [version, set, said] of [
  ["1.29.15", [], "container.apparmor.security.beta.kubernetes.io/collector: unconfined"],
  [
    "1.29.15-gke.100",
    ["collector.appArmorProfile=RuntimeDefault"],
    "container.apparmor.security.beta.kubernetes.io/collector: runtime/default",
  ],
  ["1.29.15", ["collector.appArmorProfile="], undefined],
  ["1.30.0", [], "appArmorProfile: { type: Unconfined }"],
  ["1.30.0-eks-1a2b", [], "appArmorProfile: { type: Unconfined }"],
  ["1.34.4", ["collector.appArmorProfile="], undefined],
] as const) {
  test(`Kubernetes ${version} is told the AppArmor profile in the way that it knows: ${said ?? "none"}`, async () => {
    const { stdout, stderr } = await template(set, version);
    const lines = stdout.split("\n").filter((line) => /apparmor/i.test(line));
    assert.equal(lines.length, said === undefined ? 0 : 1, stdout + stderr);
    if (said !== undefined) assert.ok(lines[0]?.endsWith(said), lines[0]);
  });
}

test("the way to a hub elsewhere is to its port at every address, unless hubTo says where it is", async () => {
  const hub = ["hub.enabled=false", "hub.url=https://hub.example.org:8443"];
  const ways = async (set: readonly string[]) =>
    (await template([...hub, ...set])).stdout.match(/- ports: .*8443.*\n.*/g);
  const open = await ways([]);
  assert.equal(open?.length, 2, "of the publisher and of the jobs");
  for (const way of open) assert.doesNotMatch(way, /to:/);
  const closed = await ways(["networkPolicies.hubTo[0].ipBlock.cidr=203.0.113.7/32"]);
  assert.equal(closed?.length, 2);
  for (const way of closed) assert.match(way, /\n +to: \[{"ipBlock":{"cidr":"203\.0\.113\.7\/32"}}\]$/);
});

test("a refused proxy's password is not repeated", async () => {
  const { status, stdout, stderr } = await template(["hub.proxy=http://anna:sesame@proxy.example.org:3128"]);
  assert.notEqual(status, 0);
  assert.match(stderr, /hub\.proxy takes http:\/\/HOST:PORT, without a name and a password/);
  assert.doesNotMatch(stdout + stderr, /sesame/);
});

for (const [what, set, said] of [
  ["a CA beside a hub of its own", [`hub.ca=${pem}`], /hub\.ca is for a hub elsewhere/],
  ["a place of the hub that it places itself", ["networkPolicies.hubTo[0].ipBlock.cidr=10.0.0.0/8"], /hubTo is for/],
  [
    "a label that nodes may give themselves",
    ["audit.file.controlPlaneLabel=example.org/control-plane"],
    /controlPlaneL/,
  ],
  ["a label that only looks guarded", ["audit.file.controlPlaneLabel=a-node-role.kubernetes.io/x"], /controlPlaneL/],
  ["no port of DNS", ["networkPolicies.dns.ports=null"], /ports/],
  ["no port of the API server", ["networkPolicies.apiServerPorts=null"], /apiServerPorts/],
  ["a value that it does not know", ["colector.limits.memory=1Gi"], /colector/],
  ["a hub elsewhere without its address", ["hub.enabled=false"], /hub\.url/],
  ["an address that is not https", ["hub.url=http://hub.example.org"], /hub.*url/],
  ["an audit log without a folder of its own", ["audit.file.path=/audit.log"], /audit.*path/],
  ["a folder of the nodes' word on blocking with a comma", ["collector.enforceFolder=/etc/a\\,b"], /enforceFolder/],
  ["a registry's name with a space", ["images.registry=two words"], /registry/],
] as const) {
  test(`the chart refuses ${what}, and names it`, async () => {
    const { status, stderr } = await template(set);
    assert.notEqual(status, 0);
    assert.match(stderr, said);
  });
}
