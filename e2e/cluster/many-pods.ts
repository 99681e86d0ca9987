import { join } from "node:path";
import { apiPath, KubeClient } from "@atalaya/kube";
import { kubeconfigConnection } from "@atalaya/kube/kubeconfig";
import type { Cluster } from "./cluster.ts";
import { openWayIn } from "./way-in.ts";

/** The API server as the cluster's administrator reaches it from outside of its network. */
export async function apiFromOutside(cluster: Cluster): Promise<{ client: KubeClient; close(): Promise<void> }> {
  const wayIn = await openWayIn(cluster.place, "127.0.0.1", 6443);
  const inside = kubeconfigConnection(join(cluster.place.folder, "etc/admin.kubeconfig"));
  const client = new KubeClient({ ...inside, url: `https://127.0.0.1:${wayIn.port}` });
  const close = async () => {
    client.close();
    await wayIn.close();
  };
  return { client, close };
}

/**
 * A pod that no scheduler looks at, so that it stays an object; about 6 KiB, as pods with two containers and their
 * environment are.
 */
export function idlePod(name: string): object {
  const env = Array.from({ length: 16 }, (_, i) => ({ name: `SETTING_${i}`, value: `value-of-setting-${i}-${name}` }));
  const container = (one: string) => ({ name: one, image: `example.com/shop/${one}:1.${one.length}`, env });
  return {
    apiVersion: "v1",
    kind: "Pod",
    metadata: {
      name,
      labels: { app: "idle", "app.kubernetes.io/part-of": "shop", tier: "back", version: "v1" },
      annotations: { "example.com/note": "x".repeat(1_500) },
    },
    spec: { schedulerName: "nobody", containers: [container("web"), container("proxy")] },
  };
}

/** Makes `count` of them in a namespace, several at a time. */
export async function makeIdlePods(client: KubeClient, namespace: string, count: number): Promise<void> {
  let next = 0;
  const worker = async () => {
    for (let i = next++; i < count; i = next++)
      await client.json({ method: "POST", path: podsPath(namespace), body: idlePod(`idle-${i}`) });
  };
  await Promise.all(Array.from({ length: 12 }, worker));
}

export const podsPath = (namespace: string, ...name: string[]): string =>
  apiPath("api/v1/namespaces", namespace, "pods", ...name);
