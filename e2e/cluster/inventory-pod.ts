import { type ChildProcess, spawn } from "node:child_process";
import { chmodSync, chownSync, closeSync, cpSync, mkdirSync, openSync } from "node:fs";
import { join } from "node:path";
import { bundle } from "../../tools/bundle.mjs";
import type { Cluster } from "./cluster.ts";
import type { Place } from "./place.ts";

export const inventoryAccount = "atalaya-inventory";
const home = "kube-system";

/** The service account with its rights, line by line as in charts/atalaya/templates/inventory.yaml. */
export async function makeInventoryAccount(cluster: Cluster): Promise<void> {
  const verbs = ["list", "watch"];
  const rules = [
    { apiGroups: [""], resources: ["namespaces", "nodes", "pods", "services", "serviceaccounts"], verbs },
    { apiGroups: ["apps"], resources: ["daemonsets", "deployments", "replicasets", "statefulsets"], verbs },
    { apiGroups: ["batch"], resources: ["cronjobs", "jobs"], verbs },
    { apiGroups: ["networking.k8s.io"], resources: ["ingresses"], verbs },
    {
      apiGroups: ["rbac.authorization.k8s.io"],
      resources: ["clusterrolebindings", "clusterroles", "rolebindings", "roles"],
      verbs,
    },
  ];
  const rbac = "rbac.authorization.k8s.io";
  const metadata = { name: inventoryAccount };
  await cluster.apply({ apiVersion: "v1", kind: "ServiceAccount", metadata }, home);
  await cluster.apply({ apiVersion: `${rbac}/v1`, kind: "ClusterRole", metadata, rules });
  await cluster.apply({
    apiVersion: `${rbac}/v1`,
    kind: "ClusterRoleBinding",
    metadata,
    roleRef: { apiGroup: rbac, kind: "ClusterRole", name: inventoryAccount },
    subjects: [{ kind: "ServiceAccount", name: inventoryAccount, namespace: home }],
  });
}

/** Node and the bundles of publisher and inventory in `folder`, as their image holds them. */
export async function layParts(folder: string): Promise<void> {
  mkdirSync(folder, { recursive: true });
  cpSync(process.execPath, join(folder, "node"));
  await bundle(join(folder, "parts"), ["publisher", "inventory"]);
  for (const one of [folder, join(folder, "parts"), join(folder, "parts", "inventory")]) chmodSync(one, 0o755);
}

/** The node's publisher, as the image has it: its process loads the binary's pages, and is charged for them. */
export function startPublisherOf(place: Place, folder: string, args: readonly string[], logFile: string): ChildProcess {
  const log = openSync(logFile, "a", 0o600);
  const command = [join(folder, "node"), join(folder, "parts/publisher/main.js"), ...args];
  const child = spawn("nsenter", [`--net=${place.netns}`, ...command], { stdio: ["ignore", log, log] });
  closeSync(log);
  return child;
}

export type InventoryPod = { name: string; folder: string; runFolder: string; cluster: string; flags?: string[] };

/**
 * The inventory's pod as the chart makes it (limits, no capability, not root, read-only root), with node, bundle and the
 * machine's C library from the node instead of an image. `runFolder` has the publisher's socket.
 */
export function inventoryPod({ name, folder, runFolder, cluster, flags = [] }: InventoryPod): object {
  const libraries = ["/lib64", "/usr/lib", "/lib"];
  const mounts: [name: string, hostPath: string, mountPath: string][] = [
    ["atalaya", folder, "/atalaya"],
    ["run", runFolder, "/run/atalaya"],
    ...libraries.map((path, i): [string, string, string] => [`lib${i}`, path, path]),
  ];
  const args = ["--socket=/run/atalaya/collector.sock", `--cluster=${cluster}`, "--node=$(NODE_NAME)"];
  return {
    apiVersion: "v1",
    kind: "Pod",
    metadata: { name, labels: { app: name } },
    spec: {
      serviceAccountName: inventoryAccount,
      restartPolicy: "Never",
      terminationGracePeriodSeconds: 5,
      securityContext: { fsGroup: 65_532, seccompProfile: { type: "RuntimeDefault" } },
      containers: [
        {
          name: "inventory",
          image: "localhost/busybox:1",
          imagePullPolicy: "Never",
          command: ["/atalaya/node", ...flags, "/atalaya/parts/inventory/main.js"],
          args: [...args, "--service-account-token=/etc/atalaya/token/token", "--health-port=9471"],
          env: [{ name: "NODE_NAME", valueFrom: { fieldRef: { fieldPath: "spec.nodeName" } } }],
          securityContext: {
            runAsUser: 65_532,
            runAsGroup: 65_532,
            runAsNonRoot: true,
            readOnlyRootFilesystem: true,
            allowPrivilegeEscalation: false,
            capabilities: { drop: ["ALL"] },
          },
          readinessProbe: { httpGet: { path: "/ready", port: 9_471 }, periodSeconds: 1 },
          resources: { limits: { memory: "64Mi", cpu: "60m" }, requests: { memory: "48Mi", cpu: "10m" } },
          volumeMounts: [
            ...mounts.map(([mount, , mountPath]) => ({ name: mount, mountPath, readOnly: mount !== "run" })),
            { name: "token", mountPath: "/etc/atalaya/token", readOnly: true },
          ],
        },
      ],
      volumes: [
        ...mounts.map(([mount, path]) => ({ name: mount, hostPath: { path } })),
        {
          name: "token",
          projected: {
            sources: [{ serviceAccountToken: { audience: "atalaya-hub", path: "token", expirationSeconds: 3_600 } }],
          },
        },
      ],
    },
  };
}

/** A folder as the collector prepares it: what is made in it is of the group that the inventory has. */
export function shareRunFolder(folder: string): void {
  mkdirSync(folder, { recursive: true });
  chownSync(folder, 0, 65_532);
  chmodSync(folder, 0o2775);
}
