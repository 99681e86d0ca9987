import { inClusterConnection, KubeClient, type KubeConnection, ownNamespace } from "@atalaya/kube";
import { kubeconfigConnection } from "@atalaya/kube/kubeconfig";
import { Fault } from "@atalaya/wire";
import { defaultWorkspace } from "../server/workspace.ts";
import type { ReachableCluster } from "./kube-clusters.ts";
import { defaultAccount } from "./limits.ts";

/** What the command line says of clusters that the hub reaches. */
export type ClusterOptions = {
  cluster: string;
  inCluster: boolean;
  kube: readonly { cluster: string; file: string }[];
  publisher: { namespace: string | undefined; serviceAccount: string };
};

/** Opens no connection yet. Throws Fault KUBE_UNUSABLE for a credential, USAGE for a name that stands twice. */
export function reachableClusters({ cluster, inCluster, kube, publisher }: ClusterOptions): ReachableCluster[] {
  const of = (name: string, connection: KubeConnection, namespace: string): ReachableCluster => ({
    workspaceId: defaultWorkspace,
    cluster: name,
    namespace: publisher.namespace ?? namespace,
    serviceAccount: publisher.serviceAccount,
    auditServiceAccount: `${publisher.serviceAccount}-control-plane`,
    client: new KubeClient(connection),
  });
  const own = inCluster ? [of(cluster, inClusterConnection(), ownNamespace() ?? defaultAccount.namespace)] : [];
  const others = kube.map((one) => of(one.cluster, kubeconfigConnection(one.file), defaultAccount.namespace));
  const all = [...own, ...others];
  const twice = all.find((one, i) => all.findIndex((other) => other.cluster === one.cluster) !== i);
  if (twice !== undefined)
    throw new Fault("USAGE", `The cluster ${twice.cluster} is named twice: --in-cluster takes --cluster NAME`);
  return all;
}
