import assert from "node:assert/strict";
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { before, test } from "node:test";
import { fileURLToPath } from "node:url";
import { goProgram } from "../../e2e/cluster/go-programs.ts";
import { runProgram } from "../../simulator/src/run-program.ts";

// What Helm makes of the simulation's chart, word for word. ATALAYA_GOLDEN=write writes the files anew.

const chart = fileURLToPath(new URL("../atalaya-simulation", import.meta.url));
const folder = fileURLToPath(new URL("manifests", import.meta.url));
const isWriting = process.env["ATALAYA_GOLDEN"] === "write";
const version = ["--kube-version", "1.34.4"];
let helm: string;

before(async () => {
  helm = await goProgram("helm", () => {});
});

// At random unless it is told.
const fixedWord = "word=theSameWordInEveryRendering";

const cases: Record<string, readonly string[]> = {
  "simulation-all": [fixedWord],
  "simulation-on-a-node-of-a-cloud": [
    fixedWord,
    "scenarios={lateral-mov,webshell}",
    "metadataStandIn=false",
    "image.repository=images.example.org/atalaya-simulation",
    "image.tag=1.2.3",
    "image.pullPolicy=Always",
    "imagePullSecrets[0].name=registry-login",
    "nodeSelector.kubernetes\\.io/hostname=node-7",
    "tolerations[0].operator=Exists",
  ],
};

function template(set: readonly string[]) {
  const values = set.flatMap((one) => ["--set", one]);
  return runProgram(helm, ["template", "atalaya-simulation", chart, "-n", "simulation-1", ...version, ...values]);
}

for (const [name, set] of Object.entries(cases)) {
  test(`the objects of the simulation's chart are those that were read: ${name}`, async () => {
    const { status, stdout, stderr } = await template(set);
    assert.equal(status, 0, stderr);
    const objects = stdout.replace(/[ \t]+$/gm, "");
    const file = `${folder}/${name}.yaml`;
    if (isWriting) writeFileSync(file, objects);
    assert.ok(existsSync(file), `${file} is missing`);
    assert.equal(objects, readFileSync(file, "utf8"));
  });
}

test("nothing in it binds a right, and but for one init container nothing is root or keeps a capability", async () => {
  const { stdout } = await template([]);
  assert.doesNotMatch(stdout, /kind: (Cluster)?Role/);
  assert.equal(stdout.match(/runAsUser: 0/g)?.length, 1);
  assert.deepEqual(stdout.match(/add: \[.*\]/g), ["add: [NET_ADMIN]"]);
  assert.doesNotMatch((await template(["metadataStandIn=false"])).stdout, /NET_ADMIN|runAsUser: 0/);
  for (const wide of [/hostPath/, /hostNetwork/, /hostPID/, /privileged: true/]) assert.doesNotMatch(stdout, wide);
});

test("each release has a word of its own, the same for both pods, and it stands in no argument or variable", async () => {
  const rendered = await Promise.all([template([]), template([])]);
  const words = rendered.map(({ stdout }) => {
    const word = /^ {2}word: "([A-Za-z0-9]{32})"$/m.exec(stdout)?.[1];
    assert.ok(word !== undefined, stdout);
    const lines = stdout.split("\n").filter((line) => line.includes(word));
    assert.deepEqual(lines, [`  word: "${word}"`, `    header = "X-Simulation-Word: ${word}"`]);
    return word;
  });
  assert.notEqual(words[0], words[1]);
});

test("helm lint finds nothing in it", async () => {
  const { status, stdout } = await runProgram(helm, ["lint", "--strict", ...version, chart]);
  assert.equal(status, 0, stdout);
});

for (const [what, set, said] of [
  ["a scenario that there is not", ["scenarios={mining}"], /scenarios/],
  ["no scenario at all", ["scenarios=null"], /scenarios|nil/],
  ["a value that it does not know", ["victim.image=x"], /victim/],
  ["an image's name with a space", ["image.repository=two words"], /repository/],
  ["a word that is short enough to be guessed", ["word=open"], /word/],
  ["a word that would end curl's line", ['word=sixteen-or-more"characters'], /word/],
  ["a port that there is not", ["apiServerPorts={70000}"], /apiServerPorts/],
  ["no port of the API server", ["apiServerPorts=null"], /apiServerPorts/],
  ["a lifetime without an end", ["lifetimeSeconds=0"], /lifetimeSeconds/],
] as const) {
  test(`the simulation's chart refuses ${what}, and names it`, async () => {
    const { status, stderr } = await template(set);
    assert.notEqual(status, 0);
    assert.match(stderr, said);
  });
}
