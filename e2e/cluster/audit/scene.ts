import { randomUUID } from "node:crypto";
import { readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { type ProgramResult, runProgram } from "../../../simulator/src/run-program.ts";
import { until } from "../../../simulator/src/until.ts";
import { accountKubeconfig } from "../account-kubeconfig.ts";
import { auditLogOf } from "../audit-setup.ts";
import { type Cluster, kubectlCommand } from "../cluster.ts";
import { letIn } from "../people.ts";
import { addresses } from "../place.ts";

/** A record as the API server wrote it, as far as it is looked at here. */
export type LoggedRecord = {
  stage: string;
  verb: string;
  user: { username: string };
  objectRef?: { resource?: string; subresource?: string; namespace?: string; name?: string };
};

const recordMs = 10_000;

/** A namespace in which one action is made, and who makes it. */
export class Scene {
  readonly cluster: Cluster;
  readonly namespace: string;

  constructor(cluster: Cluster, namespace: string) {
    this.cluster = cluster;
    this.namespace = namespace;
  }

  /** kubectl in the namespace, as the administrator. */
  kubectl(...args: string[]): Promise<string> {
    return this.cluster.mustKubectl(["-n", this.namespace, ...args], 70_000);
  }

  /** kubectl in the namespace, however it ends; as whom `kubeconfig` names. */
  async try(args: readonly string[], options: { kubeconfig?: string; input?: string; env?: NodeJS.ProcessEnv } = {}) {
    const { kubeconfig, ...rest } = options;
    const who = kubeconfig === undefined ? [] : [`--kubeconfig=${kubeconfig}`];
    const command = kubectlCommand(this.cluster.place, [...who, "-n", this.namespace, ...args]);
    return await runProgram("nsenter", command, { timeoutMs: 30_000, ...rest });
  }

  /** Creates objects as people do with a file. */
  async create(object: object, kubeconfig?: string, namespace = this.namespace): Promise<ProgramResult> {
    return await this.try(["create", "-n", namespace, "-f", "-"], {
      input: JSON.stringify(object),
      ...(kubeconfig ? { kubeconfig } : {}),
    });
  }

  /** A merge patch, from a file: a command line takes no large one. */
  async patch(object: string, patch: object): Promise<ProgramResult> {
    const file = join(this.cluster.place.folder, `patch-${randomUUID()}.json`);
    writeFileSync(file, JSON.stringify(patch), { mode: 0o600 });
    try {
      return await this.try(["patch", object, "--type=merge", `--patch-file=${file}`]);
    } finally {
      rmSync(file);
    }
  }

  async person(name: string): Promise<string> {
    return (await letIn(this.cluster.place, name, [])).kubeconfig;
  }

  /** The namespace's service account `web`, which may do nothing. */
  async workload(): Promise<string> {
    await this.kubectl("create", "serviceaccount", "web");
    return await accountKubeconfig(this.cluster, this.namespace, "web");
  }

  /** curl, as a thief of the token, or the person, in `kubeconfig` uses it. */
  async curl(kubeconfig: string, path: string, ...args: string[]): Promise<void> {
    const user = (JSON.parse(readFileSync(kubeconfig, "utf8")) as { users: { user: Record<string, string> }[] })
      .users[0]?.user;
    const { token, "client-certificate": cert = "", "client-key": key = "" } = user ?? {};
    const who = token === undefined ? ["--cert", cert, "--key", key] : ["-H", `Authorization: Bearer ${token}`];
    const url = `https://${addresses.node}:6443${path}`;
    const run = [`--net=${this.cluster.place.netns}`, "curl", "-s", "-k", ...who, ...args, url];
    await runProgram("nsenter", run, { timeoutMs: 30_000 });
  }

  /** Makes a pod and waits until it runs. */
  async runningPod(name: string, command: readonly string[] = ["sleep", "600"], more: object = {}): Promise<void> {
    await this.create(podOf(name, { command, ...more }));
    await this.kubectl("wait", "--for=condition=Ready", `pod/${name}`, "--timeout=60s");
  }

  /** The records that the log got while `act` ran, once `count` of them are `wanted`. */
  async recorded(act: () => Promise<unknown>, wanted: (record: LoggedRecord) => boolean, count = 1) {
    const log = auditLogOf(this.cluster.place);
    const from = readFileSync(log).length;
    await act();
    let found: LoggedRecord[] = [];
    await until(
      `${count} records in ${this.namespace}`,
      () => {
        const lines = readFileSync(log).subarray(from).toString("utf8").split("\n").slice(0, -1);
        found = lines.map((line) => JSON.parse(line) as LoggedRecord).filter(wanted);
        return found.length >= count;
      },
      recordMs,
    );
    return found;
  }
}

export const webContainer = {
  name: "web",
  image: "localhost/busybox:1",
  imagePullPolicy: "Never",
  command: ["sleep", "600"],
} as const;

/** A pod of one container; `more` are members of the container. */
export function podOf(name: string, more: object = {}): object {
  const spec = { terminationGracePeriodSeconds: 0, restartPolicy: "Never", containers: [{ ...webContainer, ...more }] };
  return { apiVersion: "v1", kind: "Pod", metadata: { name, labels: { app: name } }, spec };
}
