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
  ],
  "air-gapped": [
    "images.registry=images.example.org/atalaya",
    `images.sensorDigest=sha256:${"1".repeat(64)}`,
    `images.hubDigest=sha256:${"2".repeat(64)}`,
    "images.pullSecrets={registry-login}",
  ],
  "audit-log-from-a-file": ["audit.file.path=/var/log/kubernetes/audit/audit.log"],
  "selinux-and-apparmor": ["collector.seLinuxOptions.type=spc_t", "collector.appArmorProfile="],
};

function template(set: readonly string[]) {
  const values = set.flatMap((one) => ["--set", one]);
  // A CA certificate has lines: it comes as a file does.
  const ca = set.includes("hub.enabled=false") ? ["--set-string", `hub.ca=${pem}`] : [];
  const args = ["template", "atalaya", chart, "-n", "kube-system", "--kube-version", "1.34.4", ...values, ...ca];
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

for (const [what, set, said] of [
  ["a value that it does not know", ["colector.limits.memory=1Gi"], /colector/],
  ["a hub elsewhere without its address", ["hub.enabled=false"], /hub\.url/],
  ["an address that is not https", ["hub.url=http://hub.example.org"], /hub.*url/],
  ["an audit log without a folder of its own", ["audit.file.path=/audit.log"], /audit.*path/],
  ["a registry's name with a space", ["images.registry=two words"], /registry/],
] as const) {
  test(`the chart refuses ${what}, and names it`, async () => {
    const { status, stderr } = await template(set);
    assert.notEqual(status, 0);
    assert.match(stderr, said);
  });
}
