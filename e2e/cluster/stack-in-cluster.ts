import { mkdirSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { HubClient } from "@atalaya/wire/client";
import { type ProgramResult, runProgram } from "../../simulator/src/run-program.ts";
import type { Cluster } from "./cluster.ts";
import { atalayaCommand, type PartInCluster, startPartIn } from "./part-in-cluster.ts";
import { addresses, nodeName } from "./place.ts";
import { openWayIn } from "./way-in.ts";

export type StackInClusterOptions = {
  /** The name that the hub knows the cluster by. */
  clusterName?: string;
  /** Collector and publisher of the cluster's node, too. */
  sensor?: boolean;
  /** The hub may ask the cluster's API server about tokens (`--kube`), as its administrator. */
  reachesApiServer?: boolean;
  /** Several hubs in one cluster need ports of their own. */
  port?: number;
  hubArgs?: readonly string[];
  collectorArgs?: readonly string[];
  publisherArgs?: readonly string[];
};

/** A hub, and with `sensor` the collector and publisher of the node, as processes in the cluster's network. */
export type StackInCluster = {
  /** The hub's address as the API server, pods and the node reach it. */
  url: string;
  /** The hub's address as the test's process reaches it. */
  outsideUrl: string;
  caFile: string;
  clusterName: string;
  dataFolder: string;
  password: string;
  /** As the hub's administrator, from outside. */
  client: HubClient;
  hub: PartInCluster;
  collector: PartInCluster | undefined;
  publisher: PartInCluster | undefined;
  /** Runs `atalaya ARGS` with the hub's data folder, inside the cluster's network. */
  atalaya(...args: string[]): Promise<ProgramResult>;
  /** The file that makes the API server post its audit log to this hub: for `cluster.setAudit`. */
  auditKubeconfig(): Promise<string>;
  /** Ends all of it and removes the data folder; the API server is left to post to nobody until its next set-up. */
  stop(): Promise<void>;
};

/** Starts one and resolves when its parts are ready; throws with what a part said when it did not start. */
export async function startStackIn(cluster: Cluster, options: StackInClusterOptions = {}): Promise<StackInCluster> {
  const dataFolder = mkdtempSync(join(tmpdir(), "atalaya-stack-"));
  for (const name of ["hub", "run", "spool", "state"]) mkdirSync(join(dataFolder, name), { mode: 0o700 });
  const running: { stop(): Promise<void> }[] = [];
  const stop = async () => {
    for (const one of running.splice(0).reverse()) await one.stop();
    rmSync(dataFolder, { recursive: true, force: true });
  };
  try {
    return { ...(await startAll(cluster, options, dataFolder, running)), stop };
  } catch (error) {
    await stop();
    throw error;
  }
}

async function startAll(
  cluster: Cluster,
  options: StackInClusterOptions,
  dataFolder: string,
  running: { stop(): Promise<void> }[],
): Promise<Omit<StackInCluster, "stop">> {
  const { place } = cluster;
  const { clusterName = "real", port = 8443 } = options;
  const start = async (args: readonly string[]) => {
    const part = await startPartIn(place, args, join(dataFolder, `${args[0]}.log`));
    running.push(part);
    return part;
  };
  const url = `https://${addresses.node}:${port}`;
  const hub = await start(["hub", ...hubArguments(cluster, options, dataFolder, clusterName, port)]);
  const wayIn = await openWayIn(place, addresses.node, port);
  running.push({ stop: wayIn.close });
  const outsideUrl = `https://127.0.0.1:${wayIn.port}`;
  const { collector, publisher } = options.sensor
    ? await startSensor(start, cluster, options, dataFolder, clusterName, url)
    : {};
  const client = clientAt(dataFolder, outsideUrl);
  return {
    url,
    outsideUrl,
    caFile: join(dataFolder, "hub", "ca.pem"),
    clusterName,
    dataFolder,
    password: hub.ready.firstPassword ?? "",
    client,
    hub,
    collector,
    publisher,
    atalaya: (...args) => runProgram("nsenter", atalayaCommand(place, [...args, "--data", dataFolder])),
    auditKubeconfig: () => auditKubeconfig(client, clusterName, url),
  };
}

function hubArguments(
  { place }: Cluster,
  options: StackInClusterOptions,
  dataFolder: string,
  clusterName: string,
  port: number,
): string[] {
  const own = ["--data", dataFolder, "--listen", `${addresses.node}:${port}`, "--cluster", clusterName];
  const kube = options.reachesApiServer ? ["--kube", `${clusterName}=${place.folder}/etc/admin.kubeconfig`] : [];
  return [...own, "--node", nodeName, ...kube, ...(options.hubArgs ?? [])];
}

async function startSensor(
  start: (args: readonly string[]) => Promise<PartInCluster>,
  { place }: Cluster,
  options: StackInClusterOptions,
  dataFolder: string,
  clusterName: string,
  url: string,
): Promise<{ collector: PartInCluster; publisher: PartInCluster }> {
  const socket = join(dataFolder, "run", "collector.sock");
  const names = ["--socket", socket, "--node", nodeName, "--cluster", clusterName];
  const token = join(dataFolder, "hub", "local-enrolment.token");
  const identity = ["--identity", join(dataFolder, "identity"), "--enroll-token", token, "--hub", url];
  const spool = join(dataFolder, "spool");
  const publisher = await start([
    "publisher",
    ...names,
    ...identity,
    "--spool",
    spool,
    ...(options.publisherArgs ?? []),
  ]);
  const ca = ["--ca", join(dataFolder, "hub", "ca.pem"), "--state", join(dataFolder, "state")];
  const tasks = ["--containerd", join(place.runFolder, "containerd/io.containerd.runtime.v2.task")];
  // Nothing is kept in the kernel: several clusters of one machine do not meet there, and a killed test leaves nothing.
  const collector = await start(["collector", ...names, ...ca, ...tasks, ...(options.collectorArgs ?? ["--no-pin"])]);
  return { collector, publisher };
}

/** `client.json` names the hub as its own network reaches it. */
function clientAt(dataFolder: string, url: string): HubClient {
  const { token } = JSON.parse(readFileSync(join(dataFolder, "client.json"), "utf8")) as { token: string };
  return new HubClient({ url, ca: readFileSync(join(dataFolder, "hub", "ca.pem"), "utf8"), token });
}

function auditKubeconfig(client: HubClient, cluster: string, server: string): Promise<string> {
  const query = new URLSearchParams({ server });
  return client.postText(`/api/v1/audit-credentials/kubeconfig?${query}`, { cluster });
}
