import { randomUUID } from "node:crypto";
import { existsSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { mountsBelow, unmountBelow } from "../../simulator/src/mounts.ts";
import { findProgram } from "../../simulator/src/programs.ts";
import { removeFolder } from "../../simulator/src/run-folder.ts";
import { mustRun, type ProgramResult, runProgram } from "../../simulator/src/run-program.ts";
import { until } from "../../simulator/src/until.ts";
import { type AuditSetup, writeAuditFiles } from "./audit-setup.ts";
import { makeCertificates } from "./certificates.ts";
import { writeConfigFiles } from "./config-files.ts";
import { goProgram } from "./go-programs.ts";
import { importBaseImages } from "./images.ts";
import { makeClusterNetwork, removeClusterNetwork } from "./network.ts";
import { partCommands } from "./parts.ts";
import { dnsProgram, kubeProgram, makeFolders, nodeName, type Place, placeOf } from "./place.ts";
import { makePodCgroups, removePodCgroups } from "./pod-cgroups.ts";
import { runningParts, startPart, stopPart, stopParts } from "./processes.ts";
import { endShims } from "./shims.ts";

const readyPatienceMs = 90_000;
const needed = ["etcd", "containerd", "runc", "umoci", "skopeo", "openssl", "gcc", "nsenter", "ip", "go"];

export type ClusterOptions = {
  name?: string;
  audit?: AuditSetup;
  say?: (line: string) => void;
};

export type Cluster = {
  place: Place;
  /** Runs kubectl as the cluster's administrator; gives its status and output. */
  kubectl(args: readonly string[], timeoutMs?: number): Promise<ProgramResult>;
  /** Like `kubectl`, throws when it fails; gives standard output. */
  mustKubectl(args: readonly string[], timeoutMs?: number): Promise<string>;
  /** Makes a namespace whose name begins with `prefix`, ready for pods; gives its name. */
  namespace(prefix: string): Promise<string>;
  /** Applies one object, in `namespace` where it has one. */
  apply(object: unknown, namespace?: string): Promise<void>;
  /**
   * Restarts the API server with another audit set-up (in the field: its manifest is edited). Gives when it answers again;
   * pods run on meanwhile.
   */
  setAudit(setup: AuditSetup): Promise<void>;
  down(): Promise<void>;
};

/**
 * A Kubernetes of one node that is ready for pods. What an earlier run of the same name left is removed first.
 * Throws Fault SIMULATION_FAILED with the part that did not become ready, and where its log is.
 */
export async function startCluster(options: ClusterOptions = {}): Promise<Cluster> {
  const place = placeOf(options.name);
  const say = options.say ?? (() => {});
  refuseMissing();
  const programs = { kube: await goProgram("kube", say), dns: await goProgram("dns", say) };
  await removeCluster(place);
  makeFolders(place);
  await makeCertificates(place);
  writeConfigFiles(place);
  writeAuditFiles(place, options.audit ?? {});
  linkProgram(programs.kube, kubeProgram(place));
  linkProgram(programs.dns, dnsProgram(place));
  await makeClusterNetwork(place);
  makePodCgroups(place);
  const cluster = clusterAt(place);
  try {
    await startParts(cluster, partCommands(place, options.audit), say);
  } catch (error) {
    await removeCluster(place);
    throw error;
  }
  return cluster;
}

/** The cluster that runs under a name; undefined when none does. */
export function runningCluster(name?: string): Cluster | undefined {
  const place = placeOf(name);
  return runningParts(place).some((part) => part.name === "apiserver") ? clusterAt(place) : undefined;
}

async function startParts(cluster: Cluster, commands: Record<string, string[]>, say: (line: string) => void) {
  const { place } = cluster;
  const start = (name: string) => startPart(place, name, commands[name] ?? []);
  const ready = (what: string, part: string, test: () => Promise<boolean>) => untilReady(place, what, part, test);
  start("etcd");
  start("containerd");
  start("apiserver");
  await apiServerReady(cluster);
  say("the API server answers");
  start("controller-manager");
  start("scheduler");
  await ready("containerd's readiness", "containerd", async () => existsSync(place.socket));
  await importBaseImages(place);
  start("kubelet");
  start("proxy");
  start("dns");
  await ready("the node's readiness", "kubelet", async () => {
    const node = await cluster.kubectl(["get", "node", nodeName, "--no-headers"]);
    return node.status === 0 && /\bReady\b/.test(node.stdout);
  });
  await cluster.mustKubectl(["apply", "-f", join(place.folder, "etc/dns.yaml")]);
  await ready("the default service account", "controller-manager", async () => {
    return (await cluster.kubectl(["-n", "default", "get", "serviceaccount", "default"])).status === 0;
  });
  say("the node is ready");
}

function untilReady(place: Place, what: string, part: string, test: () => Promise<boolean>): Promise<void> {
  return until(`${what} (see ${join(place.folder, "logs", `${part}.log`)})`, test, readyPatienceMs);
}

function apiServerReady(cluster: Cluster): Promise<void> {
  return untilReady(cluster.place, "the API server's readiness", "apiserver", async () => {
    return (await cluster.kubectl(["get", "--raw", "/readyz"])).status === 0;
  });
}

async function setAudit(place: Place, setup: AuditSetup): Promise<void> {
  writeAuditFiles(place, setup);
  await stopPart(place, "apiserver");
  startPart(place, "apiserver", partCommands(place, setup)["apiserver"] ?? []);
  await apiServerReady(clusterAt(place));
}

/** The arguments of `nsenter` that run kubectl as the cluster's administrator. */
export function kubectlCommand(place: Place, args: readonly string[]): string[] {
  const config = join(place.folder, "etc/admin.kubeconfig");
  return [`--net=${place.netns}`, kubeProgram(place), "kubectl", `--kubeconfig=${config}`, ...args];
}

function clusterAt(place: Place): Cluster {
  const command = (args: readonly string[]) => kubectlCommand(place, args);
  return {
    place,
    kubectl: (args, timeoutMs = 60_000) => runProgram("nsenter", command(args), { timeoutMs }),
    mustKubectl: (args, timeoutMs = 60_000) => mustRun("nsenter", command(args), { timeoutMs }),
    namespace: (prefix) => makeNamespace(place, prefix),
    apply: (object, namespace) => applyObject(place, object, namespace),
    setAudit: (setup) => setAudit(place, setup),
    down: () => removeCluster(place),
  };
}

let namespaces = 0;

async function makeNamespace(place: Place, prefix: string): Promise<string> {
  const cluster = clusterAt(place);
  const name = `${prefix}-${process.pid}-${++namespaces}`;
  await cluster.mustKubectl(["create", "namespace", name]);
  // A pod is refused before its namespace has the account that it runs as.
  const account = ["-n", name, "get", "serviceaccount", "default"];
  await until(`the account of ${name}`, async () => (await cluster.kubectl(account)).status === 0, 20_000);
  return name;
}

async function applyObject(place: Place, object: unknown, namespace: string | undefined): Promise<void> {
  const file = join(place.folder, `apply-${process.pid}-${randomUUID()}.json`);
  writeFileSync(file, JSON.stringify(object), { mode: 0o600 });
  try {
    const where = namespace === undefined ? [] : ["-n", namespace];
    await clusterAt(place).mustKubectl([...where, "apply", "-f", file]);
  } finally {
    rmSync(file);
  }
}

/** Ends everything of the cluster and removes what it made but for its certificates and images, which make the next start quick. */
export async function removeCluster(place: Place): Promise<void> {
  const kubelet = runningParts(place).find((part) => part.name === "kubelet");
  if (kubelet !== undefined) {
    const kinds = "deployments,daemonsets,statefulsets,jobs,cronjobs,pods";
    await clusterAt(place)
      .kubectl(["delete", kinds, "--all", "-A", "--grace-period=0", "--force", "--wait=false"], 15_000)
      .catch(() => undefined);
  }
  await stopParts(place);
  await endShims(place);
  await removePodCgroups(place);
  for (const folder of [place.folder, place.runFolder]) if (mountsBelow(folder).length > 0) await unmountBelow(folder);
  await removeClusterNetwork(place);
  for (const name of ["etcd", "kubelet", "containerd", "logs"]) {
    rmSync(join(place.folder, name), { recursive: true, force: true });
  }
  rmSync(place.runFolder, { recursive: true, force: true });
  removeFolder(place.folder);
}

function linkProgram(program: string, path: string): void {
  rmSync(path, { force: true });
  symlinkSync(program, path);
}

function refuseMissing(): void {
  const missing = needed.filter((name) => findProgram(name) === undefined);
  if (missing.length > 0)
    throw new Error(`The cluster needs ${missing.join(", ")}: npm test installs what Debian has.`);
}
