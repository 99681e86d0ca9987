// The whole of it as people have it: sensor and hub in pods that Helm installed, the audit log read from its file.
import assert from "node:assert/strict";
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { after, before, test } from "node:test";
import { type Cluster, kubectlCommand, startCluster } from "./cluster.ts";
import { installRelease, type Release, releaseNamespace, removeLeftovers } from "./release.ts";
import { prepareSimulations, type Simulations } from "./simulate-in-cluster.ts";
import { assertAllCame, assertNothingIsLeft, fromAudit } from "./simulation-proof.ts";

/** From the order that the attacker was given, in seconds. */
const limits = { sensor: 5, audit: 10 };

let cluster: Cluster;
let release: Release;
let simulations: Simulations;
let forwarding: ChildProcess | undefined;
const dataFolder = mkdtempSync(join(tmpdir(), "atalaya-installed-"));

before(async () => {
  cluster = await startCluster({ name: process.env["ATALAYA_CLUSTER"] || "atalaya-installed" });
  simulations = await prepareSimulations(cluster);
  await cluster.mustKubectl(["label", "node", "--all", "node-role.kubernetes.io/control-plane="]);
  release = await installRelease(cluster, { "audit.file.path": join(cluster.place.folder, "logs/audit.log") });
  for (const part of ["collector", "publisher"]) {
    const set = `daemonset/atalaya-${part}-control-plane-ds`;
    await cluster.mustKubectl(["-n", releaseNamespace, "rollout", "status", set, "--timeout=120s"], 130_000);
  }
  await signIn();
  await forward();
});
after(async () => {
  if (forwarding?.kill() === true) await once(forwarding, "exit");
  simulations?.close();
  await cluster?.down();
  if (release !== undefined) removeLeftovers(release.places);
  rmSync(dataFolder, { recursive: true, force: true });
});

/** As whoever may enter the hub's pod: its own client's file and its certificate. There is no shell in it to copy by. */
async function signIn(): Promise<void> {
  const read = (file: string) => {
    const print = `process.stdout.write(require("node:fs").readFileSync("/var/lib/atalaya/${file}"))`;
    const inside = ["exec", "atalaya-hub-0", "--", "/atalaya/bin/node", "-e", print];
    return cluster.mustKubectl(["-n", releaseNamespace, ...inside]);
  };
  mkdirSync(join(dataFolder, "hub"));
  writeFileSync(join(dataFolder, "hub", "ca.pem"), await read("hub/ca.pem"));
  writeFileSync(join(dataFolder, "client.json"), await read("client.json"), { mode: 0o600 });
}

/** The hub's port, as the chart's notes say. */
async function forward(): Promise<void> {
  const args = ["-n", releaseNamespace, "port-forward", "service/atalaya-hub", "8443:443"];
  forwarding = spawn("nsenter", kubectlCommand(cluster.place, args), { stdio: ["ignore", "pipe", "ignore"] });
  assert.ok(forwarding.stdout !== null);
  const [line] = (await once(createInterface({ input: forwarding.stdout }), "line")) as [string];
  assert.match(line, /^Forwarding from 127\.0\.0\.1:8443/);
}

test("all thirteen alerts arrive at a hub that Helm installed, within the pods' limits", async (t) => {
  const run = await simulations.run(["all", "--json", "--data", dataFolder]);
  assertAllCame(run);
  await assertNothingIsLeft(cluster);
  for (const { alert, seconds } of run.lines) {
    const limit = alert === fromAudit ? limits.audit : limits.sensor;
    assert.ok(seconds !== null && seconds <= limit, `${alert} took ${seconds} s`);
  }
  t.diagnostic(`the slowest after ${Math.max(...run.lines.map(({ seconds }) => seconds ?? 0))} s`);
});
