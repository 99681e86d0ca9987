import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { ownVersion } from "../../containers/build-images.ts";
import { mustRun } from "../../simulator/src/run-program.ts";
import { until } from "../../simulator/src/until.ts";
import { treeOfOtherLayout } from "../version-skew/other-layout.ts";
import { type Cluster, startCluster } from "./cluster.ts";
import { importImage } from "./images.ts";
import { installRelease, type Release, releaseNamespace, removeLeftovers } from "./release.ts";
import { sleepingPod } from "./sleeping-pod.ts";

const rule = "Secret Reconnaissance";
const attacks = 400;
const nextImage = "atalaya-sensor-next";
const say = (line: string) => void process.stderr.write(`${line}\n`);
const folder = mkdtempSync(join(tmpdir(), "atalaya-next-"));

let cluster: Cluster;
let release: Release;

before(async () => {
  cluster = await startCluster({ name: "atalaya-upgrade", say });
  release = await installRelease(cluster, {}, say);
  await importNext(cluster);
});
after(async () => {
  await cluster?.down();
  if (release !== undefined) removeLeftovers(release.places);
  rmSync(folder, { recursive: true, force: true });
});

/** The sensor's image of a build whose kernel side lays its records out otherwise, under a name of its own. */
async function importNext({ place }: Cluster): Promise<void> {
  const tree = treeOfOtherLayout(folder);
  const args = ["--disable-warning=ExperimentalWarning", "containers/main.ts", "--tag", "next", "atalaya-sensor"];
  execFileSync(process.execPath, args, { cwd: tree, stdio: "inherit" });
  await importImage(place, join(tree, "build/images/atalaya-sensor.tar"));
  const names = ["localhost/atalaya-sensor:next", `localhost/${nextImage}:${ownVersion()}`];
  await mustRun("ctr", ["-a", place.socket, "-n", "k8s.io", "images", "tag", ...names]);
}

async function counted(namespace: string): Promise<number> {
  const all = await release.alerts("--namespace", namespace, "--rule", rule);
  return all.reduce((sum, alert) => sum + alert.count, 0);
}

async function programsOf(sensorImage: string): Promise<void> {
  const get = ["-n", releaseNamespace, "get", "pods", "-l", "app.kubernetes.io/component=collector"];
  const images = await cluster.mustKubectl([...get, "-o", "jsonpath={.items[*].spec.containers[0].image}"]);
  assert.match(images, new RegExp(`localhost/${sensorImage}:`));
}

test("helm upgrade to a build with another record layout misses none of a steady attack, and the ledger says so", async () => {
  const namespace = await cluster.namespace("upgrade");
  await cluster.apply(sleepingPod("victim"), namespace);
  await cluster.mustKubectl(["-n", namespace, "wait", "--for=condition=Ready", "pod/victim", "--timeout=60s"], 70_000);
  // By its path: as a word of its own, busybox' shell would run it without starting a program.
  const loop = `i=0; while [ $i -lt ${attacks} ]; do /bin/find /tmp -name .git-credentials; usleep 100000; i=$((i+1)); done`;
  const attack = cluster.kubectl(["-n", namespace, "exec", "victim", "--", "sh", "-c", loop], 300_000);
  await until("the first attacks", async () => (await counted(namespace)) > 20, 30_000);
  await release.apply({ "images.sensor": nextImage });
  await programsOf(nextImage);
  const during = await counted(namespace);
  const { status, stderr } = await attack;
  assert.equal(status, 0, stderr);
  say(`the upgrade was done at attack ${during} of ${attacks}`);
  await until(`all ${attacks} attacks in the alert`, async () => (await counted(namespace)) >= attacks, 30_000);
  assert.equal(await counted(namespace), attacks);
  const [node] = await release.ledger();
  assert.ok(node !== undefined);
  assert.deepEqual(
    node.rows.flatMap((row) => row.lost.map((one) => ({ hop: row.hop, class: row.class, ...one }))),
    [],
  );
  assert.equal(node.lost, 0);
});
