import { writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Cluster } from "./cluster.ts";
import { addresses } from "./place.ts";

/** A kubeconfig of a service account, with a token that its API server signed now. */
export async function accountKubeconfig(cluster: Cluster, namespace: string, account: string): Promise<string> {
  const { folder } = cluster.place;
  const token = (await cluster.mustKubectl(["-n", namespace, "create", "token", account])).trim();
  const file = join(folder, "etc", `${namespace}.${account}.kubeconfig`);
  const api = { server: addresses.api, "certificate-authority": join(folder, "pki/ca.crt") };
  const config = {
    apiVersion: "v1",
    kind: "Config",
    "current-context": "c",
    contexts: [{ name: "c", context: { cluster: "c", user: account } }],
    clusters: [{ name: "c", cluster: api }],
    users: [{ name: account, user: { token } }],
  };
  writeFileSync(file, JSON.stringify(config), { mode: 0o600 });
  return file;
}
