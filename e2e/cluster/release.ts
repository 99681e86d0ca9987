import { rmSync } from "node:fs";
import { fileURLToPath } from "node:url";
import {
  type AlertSummary,
  alertSummarySchema,
  type NodeLedger,
  nodeLedgerSchema,
  type Sensor,
  sensorSchema,
} from "@atalaya/wire";
import * as z from "zod";
import { removePins } from "../../collector/src/remove-pins.ts";
import { buildImages } from "../../containers/build-images.ts";
import { type ProgramResult, runProgram } from "../../simulator/src/run-program.ts";
import { until } from "../../simulator/src/until.ts";
import type { Cluster } from "./cluster.ts";
import { goProgram } from "./go-programs.ts";
import { importImage } from "./images.ts";
import { runningParts } from "./processes.ts";

export const releaseNamespace = "kube-system";
export const chartFolder = fileURLToPath(new URL("../../charts/atalaya", import.meta.url));
const readyMs = 180_000;
const goneMs = 300_000;

/** Where one sensor leaves things on the node. Clusters of tests share a machine, so each has places of its own. */
export type SensorPlaces = { runFolder: string; dataFolder: string; pinFolder: string };

/** An Atalaya that Helm installed into a cluster. */
export type Release = {
  places: SensorPlaces;
  helm(args: readonly string[], timeoutMs?: number): Promise<ProgramResult>;
  /** Installs, or changes the installed release to these values; waits until every pod is ready. */
  apply(values?: Readonly<Record<string, string>>): Promise<void>;
  /** Runs the command line of the hub's image in the hub's pod; gives standard output. */
  atalaya(...args: readonly string[]): Promise<string>;
  /** What `atalaya alerts` lists, with these filters. */
  alerts(...filters: readonly string[]): Promise<AlertSummary[]>;
  /** What `atalaya status` says of the sensors, also where it says that not all is well. */
  sensors(): Promise<Sensor[]>;
  /** What `atalaya status --ledger` says of the nodes, also where an account does not balance. */
  ledger(): Promise<NodeLedger[]>;
  uninstall(): Promise<void>;
};

/** Builds both images, gives them to the node, and installs the chart. Throws with what the pods say when they do not get ready. */
export async function installRelease(
  cluster: Cluster,
  values: Readonly<Record<string, string>> = {},
  say: (line: string) => void = () => {},
): Promise<Release> {
  const release = await releaseOf(cluster, say);
  removeLeftovers(release.places);
  for (const image of await buildImages({ say })) await importImage(cluster.place, image.tar);
  await release.apply(values);
  return release;
}

async function releaseOf(cluster: Cluster, say: (line: string) => void): Promise<Release> {
  const { place } = cluster;
  const program = await goProgram("helm", say);
  const config = `--kubeconfig=${place.folder}/etc/admin.kubeconfig`;
  const command = (args: readonly string[]) => [
    `--net=${place.netns}`,
    program,
    config,
    "-n",
    releaseNamespace,
    ...args,
  ];
  const places = {
    runFolder: `${place.runFolder}/sensor`,
    dataFolder: `${place.folder}/sensor`,
    pinFolder: `/sys/fs/bpf/${place.name}`,
  };
  const always: Readonly<Record<string, string>> = {
    cluster: "harness",
    "host.runFolder": places.runFolder,
    "host.dataFolder": places.dataFolder,
    "host.pinFolder": places.pinFolder,
    "host.root": `/proc/${hostProcess(cluster)}/root`,
    // Machines of tests may lack SYS_RESOURCE themselves, and no runtime can grant what it has not.
    "collector.capabilities": "{SYS_ADMIN,SYS_PTRACE}",
    "collector.containerdFolders": `{${place.runFolder}/containerd/io.containerd.runtime.v2.task}`,
    "hub.storage.kind": "emptyDir",
  };
  const inHub = (args: readonly string[]) => {
    return ["-n", releaseNamespace, "exec", "atalaya-hub-0", "--", "/atalaya/bin/atalaya", ...args];
  };
  const atalaya = (...args: readonly string[]) => cluster.mustKubectl(inHub(args));
  /** Status 1 says that something is not well, which is for the test to judge. */
  const status = async (...args: readonly string[]) => {
    const { stdout, stderr } = await cluster.kubectl(inHub(["status", "--json", ...args]), 60_000);
    if (stdout === "") throw new Error(`atalaya status: ${stderr.trim()}`);
    return JSON.parse(stdout);
  };
  return {
    places,
    helm: (args, timeoutMs = readyMs + 30_000) => runProgram("nsenter", command(args), { timeoutMs }),
    async apply(values = {}) {
      const set = Object.entries({ ...always, ...values }).flatMap(([name, value]) => ["--set", `${name}=${value}`]);
      const args = ["upgrade", "--install", "atalaya", chartFolder, "--wait", `--timeout=${readyMs / 1000}s`, ...set];
      const { status, stderr } = await runProgram("nsenter", command(args), { timeoutMs: readyMs + 30_000 });
      const isReady = status === 0 && (await rolledOut(cluster));
      if (!isReady) throw new Error(`helm: ${stderr.trim()}\n${await complaints(cluster)}`);
    },
    atalaya,
    async alerts(...filters) {
      const lines = (await atalaya("alerts", "--json", ...filters)).split("\n").filter(Boolean);
      return lines.map((line) => alertSummarySchema.parse(JSON.parse(line)));
    },
    sensors: async () => z.array(sensorSchema).parse((await status()).sensors),
    ledger: async () => z.array(nodeLedgerSchema).parse((await status("--ledger")).nodes),
    async uninstall() {
      const args = command(["uninstall", "atalaya", "--wait", `--timeout=${goneMs / 1000}s`]);
      const { status, stderr } = await runProgram("nsenter", args, { timeoutMs: goneMs + 30_000 });
      if (status !== 0) throw new Error(`helm: ${stderr.trim()}\n${await complaints(cluster)}`);
      await until("the pods' end", async () => (await podsOf(cluster)).length === 0, 60_000);
    },
  };
}

/** Of a run that was killed: a cluster that ends without `uninstall` leaves what its sensor had on the machine. */
export function removeLeftovers({ runFolder, dataFolder, pinFolder }: SensorPlaces): void {
  const { refused } = removePins(pinFolder, false);
  if (refused !== undefined) throw new Error(`${pinFolder}: ${refused}`);
  for (const folder of [runFolder, dataFolder]) rmSync(folder, { recursive: true, force: true });
}

/** Helm waits for as many pods as may be missing in an update: of one node, for none. */
async function rolledOut(cluster: Cluster): Promise<boolean> {
  for (const name of ["atalaya-collector-ds", "atalaya-publisher-ds"]) {
    const args = ["-n", releaseNamespace, "rollout", "status", `daemonset/${name}`, `--timeout=${readyMs / 1000}s`];
    if ((await cluster.kubectl(args, readyMs + 10_000)).status !== 0) return false;
  }
  return true;
}

/** One that lives as long as the cluster, in the machine's own root: the first process of some sandboxes lets nobody look into it. */
function hostProcess({ place }: Cluster): number {
  const found = runningParts(place).find((part) => part.name === "containerd");
  if (found === undefined) throw new Error("the cluster has no containerd");
  return found.pid;
}

/** The names of the release's pods. */
export async function podsOf(cluster: Cluster, component?: string): Promise<string[]> {
  const selector = `app.kubernetes.io/name=atalaya${component === undefined ? "" : `,app.kubernetes.io/component=${component}`}`;
  const text = await cluster.mustKubectl(["-n", releaseNamespace, "get", "pods", "-l", selector, "-o", "name"]);
  return text.split("\n").filter((line) => line !== "");
}

/** What a person would look at: the pods, why they wait, and the ends of their logs. */
async function complaints(cluster: Cluster): Promise<string> {
  const of = async (...args: string[]) => {
    const { stdout, stderr } = await cluster.kubectl(["-n", releaseNamespace, ...args]);
    return stdout + stderr;
  };
  const parts = [await of("get", "pods", "-o", "wide"), await of("get", "events", "--sort-by=.lastTimestamp")];
  for (const pod of await podsOf(cluster)) {
    parts.push(`${pod}:`, await of("logs", pod, "--tail=20"), await of("logs", pod, "--tail=20", "--previous"));
  }
  return parts.join("\n");
}
